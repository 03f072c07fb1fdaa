import type { AgentProfile } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { CommandRecord } from '../ports/event-log.ts';
import type { RunnerLink } from '../runner/runner-link.ts';
import type { SessionStream } from '../stream/session-stream.ts';
import type { EventFactory } from './engine-event.ts';
import type { RecordKeeper } from './record-keeper.ts';
import type { HeldSandbox, SandboxKeeper } from './sandbox-keeper.ts';
import type { Synchroniser } from './synchroniser.ts';

/**
 * What the parts of one active session share: the durable truth is in `stream` and `record`, the rest is what this process
 * holds in its hands and may lose at any moment.
 */
export interface SessionContext {
  readonly parts: EngineParts;
  readonly sessionId: string;
  readonly epoch: number;
  readonly stream: SessionStream;
  readonly record: RecordKeeper;
  readonly keeper: SandboxKeeper;
  readonly synchroniser: Synchroniser;
  readonly event: EventFactory;
  readonly profile: () => Promise<AgentProfile>;
  /** Something changed: decide again. */
  nudge(): void;

  held: HeldSandbox | null;
  link: RunnerLink | null;
  /** The held sandbox was ready at least once: its loss is not a failure to start. */
  reachedReady: boolean;
  /** Clock time of the first of the failures in a row to reach sandbox or runner. */
  failingSince: number | null;
  handedTurnId: string | null;
  /** Control commands that the runner has not taken. */
  controls: CommandRecord[];
  /** Commands of turns that have not ended, by turn. */
  readonly turnCommands: Map<string, CommandRecord>;
  /** When each open ask came in, by request. */
  readonly askedAt: Map<string, number>;
  wakers: { resolve(): void; reject(error: unknown): void }[];
  /** Clock times. */
  lastActivity: number;
  lastTurnEvent: number;
  /** Something in the sandbox changed since the last save began. */
  unsaved: boolean;
  lastSync: number;
}

/** Ends every wait of `wake()`. */
export function answerWakers(context: SessionContext, error?: unknown): void {
  const wakers = context.wakers;
  context.wakers = [];
  for (const waker of wakers) {
    if (error) waker.reject(error);
    else waker.resolve();
  }
}
