import { z } from 'zod';
import { conversationSchema, messageContentSchema } from './blocks.ts';
import { deliverySchema, eventEnvelopeSchema } from './events.ts';
import { fileEntrySchema, initialFileSchema } from './files.ts';
import { idSchema, jsonSchema, metadataSchema, timestampSchema } from './primitives.ts';
import { permissionDecisionSchema } from './requests.ts';
import { sessionSchema, sessionStatusSchema, snapshotSchema } from './session.ts';

/** How long what was acknowledged lasts: `store` survives any process, `memory` ends with the server. */
export const durabilitySchema = z.enum(['store', 'memory']);
export type Durability = z.infer<typeof durabilitySchema>;

const shortName = z.string().trim().min(1).max(200);

export const createSessionRequestSchema = z.strictObject({
  architecture: z.string().min(1).max(100),
  agentProfileRef: idSchema.optional(),
  name: shortName.optional(),
  sessionOptions: metadataSchema.optional(),
  defaultWorkspaceFiles: z.array(initialFileSchema).max(1000).optional(),
  metadata: metadataSchema.optional(),
});
export type CreateSessionRequest = z.input<typeof createSessionRequestSchema>;
export const createSessionResponseSchema = z.object({ sessionId: idSchema, session: sessionSchema });
export type CreateSessionResponse = z.infer<typeof createSessionResponseSchema>;

export const listSessionsQuerySchema = z.object({
  status: sessionStatusSchema.optional(),
  architecture: z.string().max(100).optional(),
  profile: z.string().max(200).optional(),
  /** Text looked for in name and id. */
  q: z.string().max(200).optional(),
  updatedSince: timestampSchema.optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type ListSessionsQuery = z.input<typeof listSessionsQuerySchema>;

/** A session as lists show it. */
export const sessionSummarySchema = sessionSchema
  .pick({
    sessionId: true,
    architecture: true,
    agentProfileRef: true,
    name: true,
    principal: true,
    status: true,
    metadata: true,
    createdAt: true,
    updatedAt: true,
  })
  .extend({ asOfSeq: z.number().int().nonnegative() });
export type SessionSummary = z.infer<typeof sessionSummarySchema>;
export const listSessionsResponseSchema = z.object({
  sessions: z.array(sessionSummarySchema),
  nextCursor: z.string().nullable(),
});
export type ListSessionsResponse = z.infer<typeof listSessionsResponseSchema>;

export const getSessionResponseSchema = z.object({
  session: sessionSchema,
  conversation: conversationSchema,
  files: z.array(fileEntrySchema),
  pending: sessionSchema.shape.pending,
  streamId: idSchema,
  seq: z.number().int().nonnegative(),
});
export type GetSessionResponse = z.infer<typeof getSessionResponseSchema>;

export const sendMessageRequestSchema = z.strictObject({
  content: messageContentSchema,
  delivery: deliverySchema.default('queue'),
});
export type SendMessageRequest = z.input<typeof sendMessageRequestSchema>;
export const sendMessageResponseSchema = z.object({
  sessionId: idSchema,
  messageId: idSchema,
  turnId: idSchema,
  durability: durabilitySchema,
});
export type SendMessageResponse = z.infer<typeof sendMessageResponseSchema>;

export const updateSessionRequestSchema = z.strictObject({
  name: shortName.optional(),
  metadata: metadataSchema.optional(),
  sessionOptions: metadataSchema.optional(),
});
export type UpdateSessionRequest = z.input<typeof updateSessionRequestSchema>;

/** `turnId` absent: the running turn. */
export const interruptRequestSchema = z.strictObject({ turnId: idSchema.optional() });
export type InterruptRequest = z.input<typeof interruptRequestSchema>;

export const answerPermissionRequestSchema = z.strictObject({
  decision: permissionDecisionSchema,
  message: z.string().max(10_000).optional(),
  updatedInput: jsonSchema.optional(),
});
export type AnswerPermissionRequest = z.input<typeof answerPermissionRequestSchema>;

export const answerQuestionRequestSchema = z.strictObject({
  /** The text of each question → the chosen label, or free text. */
  answers: z.record(z.string().max(10_000), z.string().max(10_000)),
});
export type AnswerQuestionRequest = z.input<typeof answerQuestionRequestSchema>;

export const readEventsQuerySchema = z.object({
  after: z.coerce.number().int().nonnegative().default(0),
  /** The stream the cursor is of; another one is answered with a reset. */
  streamId: idSchema.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
});
export type ReadEventsQuery = z.input<typeof readEventsQuerySchema>;
export const readEventsResponseSchema = z.object({
  events: z.array(eventEnvelopeSchema),
  /** `after` of the next read. */
  next: z.number().int().nonnegative(),
  head: z.number().int().nonnegative(),
  streamId: idSchema,
  /** Present when `after` is below the floor, beyond the head, or of another stream: start again from here. */
  reset: snapshotSchema.optional(),
});
export type ReadEventsResponse = z.infer<typeof readEventsResponseSchema>;

export const architectureSchema = z.object({
  architecture: z.string(),
  name: z.string(),
  available: z.boolean(),
  version: z.string().optional(),
  /** What to do when it is not available. */
  problem: z.string().optional(),
});
export type Architecture = z.infer<typeof architectureSchema>;

export const healthSchema = z.object({
  status: z.enum(['ok', 'stopping']),
  version: z.string(),
  uptimeMs: z.number().nonnegative(),
  store: z.string(),
  durability: durabilitySchema,
  sandbox: z.string(),
  isolation: z.string(),
  model: z.string(),
  architectures: z.array(architectureSchema),
  sessions: z.number().int().nonnegative(),
});
export type Health = z.infer<typeof healthSchema>;
