import { z } from 'zod';
import { blockSchema, messageContentSchema } from './blocks.ts';
import { type EventType, isEventType } from './event-types.ts';
import { fileEntrySchema, workspacePathSchema } from './files.ts';
import {
  conversationIdSchema,
  idSchema,
  jsonSchema,
  metadataSchema,
  timestampSchema,
  usageSchema,
} from './primitives.ts';
import { permissionRequestSchema, questionRequestSchema } from './requests.ts';

/** How a message is delivered while another turn runs. */
export const deliverySchema = z.enum(['queue', 'steer', 'interrupt']);
export type Delivery = z.infer<typeof deliverySchema>;

/** Who began a turn when it was no message of a user. */
export const turnOriginSchema = z.enum(['agent']);
export type TurnOrigin = z.infer<typeof turnOriginSchema>;

/** How faithfully a new sandbox took up the agent's memory. */
export const fidelitySchema = z.enum(['native', 'replayed', 'fresh']);
export type Fidelity = z.infer<typeof fidelitySchema>;

/** The payload of every event, by type. Unknown types are kept and passed on, never refused. */
export const EVENT_PAYLOADS = {
  'block:upsert': z.object({ block: blockSchema }),
  /** Text appended to the block's `content`, or to a tool result's string `output`. */
  'block:delta': z.object({ blockId: idSchema, delta: z.string() }),
  /** The block is taken back, as if it had never been, e.g. an answer of the model that broke off and is retried. */
  'block:discarded': z.object({ blockId: idSchema, reason: z.string() }),
  'subagent:spawned': z.object({
    subagentId: idSchema,
    toolUseId: idSchema.optional(),
    name: z.string(),
    input: jsonSchema.optional(),
  }),
  'subagent:completed': z.object({
    subagentId: idSchema,
    status: z.enum(['complete', 'error']),
    output: jsonSchema.optional(),
  }),
  'turn:queued': z.object({
    turnId: idSchema,
    messageId: idSchema,
    content: messageContentSchema,
    delivery: deliverySchema,
  }),
  /** A queued message was withdrawn before the agent got it. */
  'turn:cancelled': z.object({ turnId: idSchema, messageId: idSchema }),
  /** With `origin: "agent"` the agent began by itself, e.g. as a background task ended: no message has this id. */
  'turn:started': z.object({
    turnId: idSchema,
    messageId: idSchema,
    origin: turnOriginSchema.optional(),
  }),
  /** `usage` and `costUSD` are of this turn alone. */
  'turn:completed': z.object({
    turnId: idSchema,
    usage: usageSchema.optional(),
    costUSD: z.number().nonnegative().optional(),
  }),
  'turn:failed': z.object({
    turnId: idSchema,
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
  }),
  'turn:interrupted': z.object({ turnId: idSchema }),
  'permission:requested': permissionRequestSchema,
  'permission:resolved': z.object({
    requestId: idSchema,
    outcome: z.enum(['allow', 'deny', 'expired', 'timeout']),
    /** The principal that answered, or `engine`. */
    by: z.string(),
  }),
  'question:requested': questionRequestSchema,
  'question:resolved': z.object({
    requestId: idSchema,
    outcome: z.enum(['answered', 'expired', 'timeout']),
    answers: z.record(z.string(), z.string()).optional(),
    by: z.string(),
  }),
  'file:created': fileEntrySchema.omit({ modifiedAt: true }),
  'file:modified': fileEntrySchema.omit({ modifiedAt: true }),
  'file:deleted': z.object({ path: workspacePathSchema }),
  /** The workspace, as of this event, is in the store. */
  'workspace:saved': z.object({
    files: z.number().int().nonnegative(),
    skipped: z.array(z.string()).optional(),
  }),
  /** Totals of the running turn so far. */
  'metadata:update': z.object({
    usage: usageSchema.optional(),
    costUSD: z.number().nonnegative().optional(),
    model: z.string().optional(),
  }),
  /** The agent's own transcript, consistent with `journal`, is in the store. */
  'transcript:saved': z.object({
    journal: z.object({ id: idSchema, offset: z.number().int().nonnegative() }).optional(),
    bytes: z.number().int().nonnegative(),
    subagents: z.number().int().nonnegative(),
  }),
  'sandbox:creating': z.object({ message: z.string(), fraction: z.number().min(0).max(1).optional() }),
  'sandbox:ready': z.object({ sandboxId: idSchema, provider: z.string(), isolation: z.string() }),
  /** It is being ended, and takes no further turn; a message that comes now gets a new one. */
  'sandbox:releasing': z.object({ sandboxId: idSchema, reason: z.string() }),
  'sandbox:lost': z.object({ sandboxId: idSchema, reason: z.string() }),
  'sandbox:terminated': z.object({ sandboxId: idSchema, reason: z.string() }),
  'session:created': z.object({
    architecture: z.string(),
    agentProfileRef: z.string().optional(),
    name: z.string().optional(),
    principal: z.string(),
    sessionOptions: metadataSchema.optional(),
    metadata: metadataSchema.optional(),
  }),
  /** Nobody used the session for a while; it was saved and its sandbox is being given back. */
  'session:idle': z.object({ idleMs: z.number().nonnegative() }),
  'session:restored': z.object({
    fidelity: fidelitySchema,
    workspaceAsOf: timestampSchema.nullable(),
    transcriptAsOf: timestampSchema.nullable(),
  }),
  'session:updated': z.object({
    name: z.string().optional(),
    metadata: metadataSchema.optional(),
    /** Tools that the user allowed for good. */
    allowedTools: z.array(z.string()).optional(),
  }),
  'session:terminated': z.object({ reason: z.string(), by: z.string() }),
  'options:update': z.object({ sessionOptions: metadataSchema }),
  log: z.object({
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    data: jsonSchema.optional(),
  }),
  error: z.object({ code: z.string(), message: z.string() }),
} as const satisfies Record<EventType, z.ZodType>;

export type EventPayload<Type extends EventType> = z.infer<(typeof EVENT_PAYLOADS)[Type]>;

export const eventContextSchema = z.object({
  sessionId: idSchema,
  conversationId: conversationIdSchema,
  turnId: idSchema.optional(),
  source: z.enum(['runner', 'engine']),
  timestamp: timestampSchema,
});
export type EventContext = z.infer<typeof eventContextSchema>;

/** A change of a session, at its place in the stream. */
export type SessionEvent<Type extends EventType = EventType> = {
  [Each in Type]: { seq: number; type: Each; payload: EventPayload<Each>; context: EventContext };
}[Type];

/** An event before the engine gave it its `seq`. */
export type PendingEvent<Type extends EventType = EventType> = {
  [Each in Type]: Omit<SessionEvent<Each>, 'seq'>;
}[Type];

/** The outer form of every event, known or not. `parseEvent` looks into the payload too. */
export const eventEnvelopeSchema = z.object({
  seq: z.number().int().positive(),
  type: z.string().min(1).max(64),
  payload: z.unknown(),
  context: eventContextSchema,
});

/**
 * Reads an event as it came over the wire or out of a log. An unknown type keeps its payload as it is.
 * @throws ZodError when the envelope, or the payload of a known type, is malformed
 */
export function parseEvent(value: unknown): SessionEvent {
  const envelope = eventEnvelopeSchema.parse(value);
  if (!isEventType(envelope.type)) return envelope as SessionEvent;
  return { ...envelope, payload: EVENT_PAYLOADS[envelope.type].parse(envelope.payload) } as SessionEvent;
}

/** What a runner may say; everything else is the engine's alone. */
export const RUNNER_EVENT_TYPES = [
  'block:upsert',
  'block:delta',
  'block:discarded',
  'subagent:spawned',
  'subagent:completed',
  'turn:started',
  'turn:completed',
  'turn:failed',
  'turn:interrupted',
  'permission:requested',
  'question:requested',
  'file:created',
  'file:modified',
  'file:deleted',
  'metadata:update',
  'log',
  'error',
] as const satisfies readonly EventType[];
export type RunnerEventType = (typeof RUNNER_EVENT_TYPES)[number];

/** An event as a runner writes it: the engine adds session, source and `seq`. */
export type RunnerEvent<Type extends RunnerEventType = RunnerEventType> = {
  [Each in Type]: {
    type: Each;
    payload: EventPayload<Each>;
    conversationId: string;
    turnId?: string | undefined;
    timestamp: string;
  };
}[Type];
