import {
  agentProfileSchema,
  answerPermissionRequestSchema,
  answerQuestionRequestSchema,
  architectureSchema,
  blockSchema,
  conversationSchema,
  createSessionRequestSchema,
  createSessionResponseSchema,
  eventEnvelopeSchema,
  fileEntrySchema,
  getSessionResponseSchema,
  healthSchema,
  interruptRequestSchema,
  jsonSchema,
  listSessionsResponseSchema,
  problemSchema,
  readEventsResponseSchema,
  sendMessageRequestSchema,
  sendMessageResponseSchema,
  sessionSchema,
  sessionSummarySchema,
  snapshotSchema,
  updateSessionRequestSchema,
} from '@hhopkins/agent-protocol';
import { z } from 'zod';

/** Schemas of the protocol that `/openapi.json` refers to by name. */
const COMPONENTS = {
  AgentProfile: agentProfileSchema,
  AnswerPermissionRequest: answerPermissionRequestSchema,
  AnswerQuestionRequest: answerQuestionRequestSchema,
  Architecture: architectureSchema,
  Block: blockSchema,
  Conversation: conversationSchema,
  CreateSessionRequest: createSessionRequestSchema,
  CreateSessionResponse: createSessionResponseSchema,
  Event: eventEnvelopeSchema,
  FileEntry: fileEntrySchema,
  GetSessionResponse: getSessionResponseSchema,
  Health: healthSchema,
  InterruptRequest: interruptRequestSchema,
  Json: jsonSchema,
  ListSessionsResponse: listSessionsResponseSchema,
  Problem: problemSchema,
  ReadEventsResponse: readEventsResponseSchema,
  SendMessageRequest: sendMessageRequestSchema,
  SendMessageResponse: sendMessageResponseSchema,
  Session: sessionSchema,
  SessionSummary: sessionSummarySchema,
  Snapshot: snapshotSchema,
  UpdateSessionRequest: updateSessionRequestSchema,
} as const satisfies Record<string, z.ZodType>;

export type ComponentName = keyof typeof COMPONENTS;

const pathOf = (name: string): string => `#/components/schemas/${name}`;

export const reference = (name: ComponentName) => ({ $ref: pathOf(name) });

/** Every component as JSON Schema, which OpenAPI 3.1 takes as it is; inputs as clients may write them. */
export function componentSchemas(): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(COMPONENTS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: pathOf, unrepresentable: 'any' });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, id: ___, ...schema }]) => [name, schema]),
  );
}
