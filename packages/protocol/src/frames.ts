import { z } from 'zod';
import { problemSchema } from './errors.ts';
import { eventEnvelopeSchema } from './events.ts';
import { cursorSchema, idSchema } from './primitives.ts';
import {
  answerPermissionRequestSchema,
  answerQuestionRequestSchema,
  interruptRequestSchema,
  sendMessageRequestSchema,
  sessionSummarySchema,
} from './rest.ts';
import { snapshotSchema } from './session.ts';

const seq = z.number().int().nonnegative();
/** `after` as a bare `seq`, or with its stream so that a cursor of a lost stream is noticed. */
const after = z.union([seq, cursorSchema]);

/** What a client may send over a WebSocket. */
export const clientFrameSchema = z.union([
  z.strictObject({ type: z.literal('auth'), token: z.string().max(1000) }),
  z.strictObject({ type: z.literal('subscribe'), sessionId: idSchema, after: after.optional() }),
  z.strictObject({ type: z.literal('subscribe'), sessions: z.literal(true) }),
  z.strictObject({ type: z.literal('unsubscribe'), sessionId: idSchema }),
  z.strictObject({ type: z.literal('unsubscribe'), sessions: z.literal(true) }),
  /** The client has handled everything up to `seq`; what is outstanding counts against its buffer. */
  z.strictObject({ type: z.literal('ack'), sessionId: idSchema, seq }),
  /** `id` is the command's id: sent again after a reconnect, it is done once. */
  sendMessageRequestSchema.extend({ type: z.literal('message'), id: idSchema, sessionId: idSchema }),
  interruptRequestSchema.extend({ type: z.literal('interrupt'), id: idSchema, sessionId: idSchema }),
  answerPermissionRequestSchema.extend({
    type: z.literal('permission'),
    id: idSchema,
    sessionId: idSchema,
    requestId: idSchema,
  }),
  answerQuestionRequestSchema.extend({
    type: z.literal('question'),
    id: idSchema,
    sessionId: idSchema,
    requestId: idSchema,
  }),
  z.strictObject({ type: z.literal('ping') }),
]);
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/** What a server sends over a WebSocket. */
export const serverFrameSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({
    type: z.literal('subscribed'),
    sessionId: idSchema,
    streamId: idSchema,
    seq,
    snapshot: snapshotSchema.optional(),
  }),
  z.object({ type: z.literal('events'), sessionId: idSchema, events: z.array(eventEnvelopeSchema) }),
  z.object({ type: z.literal('reset'), sessionId: idSchema, snapshot: snapshotSchema }),
  /** The client fell behind and is not sent any more of this session until it subscribes again with `after`. */
  z.object({ type: z.literal('lagging'), sessionId: idSchema, after: seq }),
  z.object({ type: z.literal('unsubscribed'), sessionId: idSchema.optional() }),
  z.object({ type: z.literal('ack'), id: idSchema, result: z.record(z.string(), z.unknown()) }),
  z.object({
    type: z.literal('error'),
    id: idSchema.optional(),
    sessionId: idSchema.optional(),
    error: problemSchema,
  }),
  z.object({
    type: z.literal('sessions'),
    sessions: z.array(sessionSummarySchema),
    removed: z.array(idSchema),
    complete: z.boolean(),
  }),
  z.object({ type: z.literal('pong') }),
]);
export type ServerFrame = z.infer<typeof serverFrameSchema>;
