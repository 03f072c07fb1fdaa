import { z } from 'zod';
import { runnerCommandSchema } from './commands.ts';
import { errorCodeSchema } from './errors.ts';
import { fidelitySchema } from './events.ts';
import { workspacePathSchema } from './files.ts';
import { conversationIdSchema, idSchema, metadataSchema, timestampSchema } from './primitives.ts';
import { agentProfileSchema } from './profile.ts';

/** Versions of the engine–runner protocol this build speaks, both inclusive. */
export const RUNNER_PROTOCOL = { minimum: 1, maximum: 1 } as const;

/** Ids of turns that an agent begins by itself begin so; those of messages, which the engine makes, never do. */
export const AGENT_TURN_PREFIX = 'agent-';

const offset = z.number().int().nonnegative();

/** A position in a runner's journal: `offset` frames of it have been read. The first frame has offset 1. */
export const journalPositionSchema = z.object({ id: idSchema, offset });
export type JournalPosition = z.infer<typeof journalPositionSchema>;

/** A runner's event on the wire and on disk. The type is checked against the allow-list by the engine. */
export const runnerEventSchema = z.object({
  type: z.string().min(1).max(64),
  payload: z.unknown(),
  conversationId: conversationIdSchema,
  turnId: idSchema.optional(),
  timestamp: timestampSchema,
});

/** What a runner must know before it can take a turn. Files and transcripts were put into the sandbox before. */
export const runnerSetupSchema = z.object({
  architecture: z.string(),
  profile: agentProfileSchema,
  sessionOptions: metadataSchema,
  allowedTools: z.array(z.string()),
  /** The agent's own session, to be resumed; absent on the first start. */
  agentSessionId: idSchema.optional(),
  /** Whether a saved transcript lies in the restore folder. */
  restore: z.boolean(),
  /** Environment of the agent program; the engine puts a relay token here, never a real key. */
  environment: z.record(z.string(), z.string()),
  /** Where the agent program is inside the sandbox, by the names the driver knows. */
  installation: z.record(z.string(), z.string()),
  /** Unix socket of the model relay inside the sandbox; the driver gives its agent a loopback URL that leads there. */
  relaySocket: z.string().optional(),
});
export type RunnerSetup = z.infer<typeof runnerSetupSchema>;

/** What can be asked of a runner as bytes. */
export const streamTargetSchema = z.discriminatedUnion('kind', [
  /** JSON `transcriptExportSchema`. */
  z.object({ kind: z.literal('transcript') }),
  /** Raw content of one file. */
  z.object({ kind: z.literal('file'), path: workspacePathSchema }),
  /** JSON array of file entries, after a full scan whose changes are journaled first. */
  z.object({ kind: z.literal('scan') }),
  /** The workspace as a tar archive. */
  z.object({ kind: z.literal('workspace-tar') }),
  /** The engine sends the bytes; the runner answers with an empty end when the file stands. */
  z.object({ kind: z.literal('write-file'), path: workspacePathSchema, mode: z.number().int().optional() }),
  z.object({ kind: z.literal('delete-file'), path: workspacePathSchema }),
]);
export type StreamTarget = z.infer<typeof streamTargetSchema>;

/** A consistent set: the main transcript never names a subagent's line that `subagents` lacks. */
export const transcriptExportSchema = z.object({
  agentSessionId: idSchema.optional(),
  journal: journalPositionSchema,
  main: z.string(),
  subagents: z.array(z.object({ id: idSchema, raw: z.string() })),
});
export type TranscriptExport = z.infer<typeof transcriptExportSchema>;

/** Frames from the engine, one JSON object a line. The first is `hello`. */
export const engineFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    minimum: z.number().int(),
    maximum: z.number().int(),
    sessionId: idSchema,
    /** The lease's epoch; the runner serves only the highest it ever saw. */
    epoch: z.number().int().positive(),
  }),
  z.object({ type: z.literal('setup'), setup: runnerSetupSchema }),
  /** Everything after this position, then everything new. An unknown journal is an error `journal_unknown`. */
  z.object({ type: z.literal('attach'), journal: journalPositionSchema }),
  /** Committed up to here: the runner may trim. */
  z.object({ type: z.literal('ack'), journal: journalPositionSchema }),
  z.object({ type: z.literal('command'), command: runnerCommandSchema }),
  z.object({ type: z.literal('open'), id: idSchema, target: streamTargetSchema }),
  z.object({
    type: z.literal('stream'),
    id: idSchema,
    data: z.base64().optional(),
    end: z.boolean().optional(),
  }),
  z.object({ type: z.literal('ping'), id: idSchema }),
]);
export type EngineFrame = z.infer<typeof engineFrameSchema>;

/** Frames from the runner, one JSON object a line. The first is `hello`. */
export const runnerFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    /** The version chosen for this connection. */
    version: z.number().int(),
    runnerVersion: z.string(),
    epoch: z.number().int().positive(),
    /** The journal being written. */
    journal: journalPositionSchema,
    /** Journals that are still held from earlier runs of the runner, oldest first, the current one last. */
    journals: z.array(z.object({ id: idSchema, trimmedTo: offset, head: offset })).min(1),
    configured: z.boolean(),
    activeTurnId: idSchema.nullable(),
  }),
  z.object({
    type: z.literal('configured'),
    fidelity: fidelitySchema,
    /** What was wrong when fidelity is less than native. */
    reason: z.string().optional(),
  }),
  /** In order within a journal, offsets rising by one; when an older journal is exhausted the next one follows. */
  z.object({ type: z.literal('event'), journal: journalPositionSchema, event: runnerEventSchema }),
  /** The command is on the runner's disk. Sent again for a command that was sent again. */
  z.object({ type: z.literal('taken'), commandId: idSchema }),
  z.object({
    type: z.literal('stream'),
    id: idSchema,
    data: z.base64().optional(),
    end: z.boolean().optional(),
  }),
  /** A sign of life; `busy` while a turn or a background task is at work. */
  z.object({ type: z.literal('pong'), id: idSchema, busy: z.boolean() }),
  /** With `id`: that stream or command failed. Without: the connection ends. */
  z.object({ type: z.literal('error'), id: idSchema.optional(), code: errorCodeSchema, message: z.string() }),
]);
export type RunnerFrame = z.infer<typeof runnerFrameSchema>;
