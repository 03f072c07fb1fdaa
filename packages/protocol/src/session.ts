import { z } from 'zod';
import { conversationSchema, messageContentSchema } from './blocks.ts';
import { deliverySchema, fidelitySchema, turnOriginSchema } from './events.ts';
import { fileEntrySchema } from './files.ts';
import { idSchema, metadataSchema, timestampSchema, usageSchema } from './primitives.ts';
import { permissionRequestSchema, questionRequestSchema } from './requests.ts';

/**
 * What a session does: `idle` nothing, `queued` a message waits for its sandbox or its place, `running` a turn,
 * `waiting` a turn that waits for an answer of a person, `terminated` ended for good.
 */
export const sessionStatusSchema = z.enum(['idle', 'queued', 'running', 'waiting', 'terminated']);
export type SessionStatus = z.infer<typeof sessionStatusSchema>;

/**
 * What a session's sandbox does: `none` there is none, `creating` it is made and set up, `ready` it takes turns,
 * `releasing` it is being ended, `lost` it went without having been told to.
 */
export const sandboxStatusSchema = z.enum(['none', 'creating', 'ready', 'releasing', 'lost']);
export type SandboxStatus = z.infer<typeof sandboxStatusSchema>;

export const queuedTurnSchema = z.object({
  turnId: idSchema,
  messageId: idSchema,
  content: messageContentSchema,
  delivery: deliverySchema,
  queuedAt: timestampSchema,
});
export type QueuedTurn = z.infer<typeof queuedTurnSchema>;

export const turnOutcomeSchema = z.enum(['completed', 'failed', 'interrupted']);
export type TurnOutcome = z.infer<typeof turnOutcomeSchema>;

/** A session as its events tell it: everything here is reduced from them. */
export const sessionSchema = z.object({
  sessionId: idSchema,
  architecture: z.string(),
  agentProfileRef: z.string().optional(),
  name: z.string().optional(),
  principal: z.string(),
  sessionOptions: metadataSchema,
  metadata: metadataSchema,
  allowedTools: z.array(z.string()),
  status: sessionStatusSchema,
  /** Messages that wait, the next one first. */
  queue: z.array(queuedTurnSchema),
  activeTurn: z
    .object({
      turnId: idSchema,
      messageId: idSchema,
      startedAt: timestampSchema,
      /** Absent when a message began it. */
      origin: turnOriginSchema.optional(),
      usage: usageSchema.optional(),
      costUSD: z.number().optional(),
    })
    .nullable(),
  lastTurn: z
    .object({
      turnId: idSchema,
      outcome: turnOutcomeSchema,
      code: z.string().optional(),
      message: z.string().optional(),
      retryable: z.boolean().optional(),
      endedAt: timestampSchema,
    })
    .nullable(),
  pending: z.object({
    permissions: z.array(permissionRequestSchema),
    questions: z.array(questionRequestSchema),
  }),
  /** Asks that are no longer open, the latest last, at most 50: so that a late answer is told what became of them. */
  resolved: z.array(z.object({ requestId: idSchema, outcome: z.string() })),
  sandbox: z.object({
    status: sandboxStatusSchema,
    sandboxId: idSchema.optional(),
    provider: z.string().optional(),
    isolation: z.string().optional(),
    message: z.string().optional(),
  }),
  restored: z
    .object({
      fidelity: fidelitySchema,
      workspaceAsOf: timestampSchema.nullable(),
      transcriptAsOf: timestampSchema.nullable(),
    })
    .nullable(),
  /** Totals of all ended turns. */
  usage: usageSchema,
  costUSD: z.number(),
  model: z.string().optional(),
  workspaceSavedAt: timestampSchema.nullable(),
  transcriptSavedAt: timestampSchema.nullable(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
});
export type Session = z.infer<typeof sessionSchema>;

/** The reduction of all events up to a `seq`. */
export const sessionStateSchema = z.object({
  session: sessionSchema,
  conversation: conversationSchema,
  files: z.array(fileEntrySchema),
});
export type SessionState = z.infer<typeof sessionStateSchema>;

/** A state and its place in the stream: where a reader starts when it has no cursor, or one of no use. */
export const snapshotSchema = sessionStateSchema.extend({
  streamId: idSchema,
  seq: z.number().int().nonnegative(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;
