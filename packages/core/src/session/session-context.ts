import type {
  AgentProfile,
  PendingEvent,
  QueuedTurn,
  RunnerSetup,
  SessionEvent,
} from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { CommandRecord } from '../ports/event-log.ts';
import type { RunnerLink } from '../runner/runner-link.ts';
import type { Append, SessionStream } from '../stream/session-stream.ts';
import type { EventFactory } from './engine-event.ts';
import type { RecordKeeper } from './record-keeper.ts';
import type { HeldSandbox, SandboxKeeper } from './sandbox-keeper.ts';
import type { Synchroniser } from './synchroniser.ts';

/**
 * What the parts of one active session share: the durable truth is in `stream` and `record`, the rest is what this process
 * holds in its hands and may lose at any moment.
 */
export interface SessionContext extends SessionHands {
  readonly parts: EngineParts;
  readonly sessionId: string;
  readonly epoch: number;
  readonly stream: SessionStream;
  readonly record: RecordKeeper;
  readonly keeper: SandboxKeeper;
  readonly synchroniser: Synchroniser;
  readonly event: EventFactory;
  readonly profile: () => Promise<AgentProfile>;
  /** Aborted when this server lets go of the session. */
  readonly signal: AbortSignal;
  /** Appends events with all that follows from them: see `consequencesOf`. */
  append(append: Append): Promise<readonly SessionEvent[]>;
  /** Something changed: decide again. */
  nudge(): void;
  /** Resolves at the next nudge. */
  changed(): Promise<void>;
}

/** What this process holds in its hands of a session. */
export interface SessionHands {
  held: HeldSandbox | null;
  link: RunnerLink | null;
  /** What this process told the runner of the held sandbox. */
  setup: RunnerSetup | null;
  /** The held sandbox was ready at least once: its loss is not a failure to start. */
  reachedReady: boolean;
  /** Sandboxes that were lost in a row without having begun a turn, a count. */
  barrenSandboxes: number;
  /** Clock time of the first of the failures in a row to reach or keep sandbox or runner. */
  failingSince: number | null;
  /** Connections that ended in a row without anything useful, a count. */
  brokenLinks: number;
  /** Clock time before which no connection is tried. */
  connectAfter: number;
  handedTurnId: string | null;
  /** The end of the turn that is interrupted for its silence. */
  overdue: PendingEvent<'turn:failed'> | null;
  /** Control commands that the runner has not taken. */
  controls: CommandRecord[];
  /** Steering messages that the runner took and the agent has not shown, by message. */
  readonly steers: Map<string, CommandRecord>;
  /** Commands of turns that have not ended, by turn. */
  readonly turnCommands: Map<string, CommandRecord>;
  /** When each open ask came in, by request. */
  readonly askedAt: Map<string, number>;
  /** Writes of files into the store alone: a new sandbox waits for them. */
  readonly fileWrites: Set<Promise<unknown>>;
  wakers: { resolve(): void; reject(error: unknown): void }[];
  /** Reads and writes of files in the sandbox that are under way, a count. */
  transfers: number;
  /** Clock times. Of the last use by a person or the agent. */
  lastActivity: number;
  /** When a background task was last seen at work. */
  lastBackground: number;
  lastTurnEvent: number;
  /** Something in the sandbox changed since the last save began. */
  unsaved: boolean;
  lastSync: number;
}

export const emptyHands = (now: number): SessionHands => ({
  held: null,
  link: null,
  setup: null,
  reachedReady: false,
  barrenSandboxes: 0,
  failingSince: null,
  brokenLinks: 0,
  connectAfter: 0,
  handedTurnId: null,
  overdue: null,
  controls: [],
  steers: new Map(),
  turnCommands: new Map(),
  askedAt: new Map(),
  fileWrites: new Set(),
  wakers: [],
  transfers: 0,
  lastActivity: now,
  lastBackground: now,
  lastTurnEvent: now,
  // What the sandbox did while nobody looked is not known to be saved.
  unsaved: true,
  lastSync: now,
});

/** Ends every wait of `wake()`. */
export function answerWakers(context: SessionContext, error?: unknown): void {
  const wakers = context.wakers;
  context.wakers = [];
  for (const waker of wakers) {
    if (error) waker.reject(error);
    else waker.resolve();
  }
}

/** The queued turn that the runner has, as far as is known: handed just now, or taken in an earlier connection. */
export function turnAtRunner(context: SessionContext): string | null {
  if (context.handedTurnId) return context.handedTurnId;
  const { queue } = context.stream.latest().session;
  return queue.find(({ turnId }) => context.turnCommands.get(turnId)?.state === 'taken')?.turnId ?? null;
}

/**
 * The message to hand out next: one that the runner has taken goes first, whatever the order of the queue. One that is still
 * on its way into the log is no message yet.
 */
export function nextTurn(context: SessionContext): QueuedTurn | undefined {
  const { queue, activeTurn } = context.stream.latest().session;
  if (activeTurn || queue.length === 0) return undefined;
  const stored = new Set(context.stream.committed().session.queue.map(({ turnId }) => turnId));
  const waiting = queue.filter(({ turnId }) => stored.has(turnId));
  const taken = turnAtRunner(context);
  return waiting.find(({ turnId }) => turnId === taken) ?? waiting[0];
}

/** The runner is gone with its inbox: what it took is given again. Returns what the store must know of it. */
export function takeTurnsBack(context: SessionContext): CommandRecord[] {
  context.handedTurnId = null;
  const back: CommandRecord[] = [];
  for (const [turnId, command] of context.turnCommands) {
    if (command.state !== 'taken') continue;
    const again: CommandRecord = { ...command, state: 'queued' };
    context.turnCommands.set(turnId, again);
    back.push(again);
  }
  return back;
}
