import {
  AgentServerError,
  type JournalPosition,
  journalPositionSchema,
  type RunnerFrame,
  runnerFrameSchema,
} from '@hhopkins/agent-protocol';

export type EventFrame = Extract<RunnerFrame, { type: 'event' }>;

/** A frame of the journal whose event is not one: it still has its place. */
export interface MalformedEventFrame {
  type: 'malformed-event';
  journal: JournalPosition;
  message: string;
}

export type InboundFrame = RunnerFrame | MalformedEventFrame;

/** @throws protocol_error for what is no frame of a runner */
export function parseFrame(value: unknown): InboundFrame {
  const parsed = runnerFrameSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const message = `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
  const { type, journal } = (value ?? {}) as { type?: unknown; journal?: unknown };
  const position = journalPositionSchema.safeParse(journal);
  if (type === 'event' && position.success)
    return { type: 'malformed-event', journal: position.data, message };
  throw new AgentServerError('protocol_error', `The runner sent a frame that is none: ${message}`);
}
