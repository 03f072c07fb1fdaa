import {
  type AgentProfile,
  AgentServerError,
  type RunnerCommand,
  type SessionEvent,
  type SessionState,
} from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { CommandRecord, StreamInfo } from '../ports/event-log.ts';
import type { SessionRecord } from '../ports/persistence.ts';
import { createSessionStream, type SessionStream } from '../stream/session-stream.ts';
import { saveSnapshotWhenDue } from '../stream/snapshots.ts';
import { withDeadline } from '../support/deadline.ts';
import { createDeferred } from '../support/deferred.ts';
import { type CommandDesk, createCommandDesk } from './command-desk.ts';
import { endSandbox } from './end-sandbox.ts';
import { createEventFactory, type EventFactory } from './engine-event.ts';
import { createLifecycleLoop, syncWhenDue } from './lifecycle-loop.ts';
import { createRecordKeeper, type RecordKeeper } from './record-keeper.ts';
import { createSandboxKeeper } from './sandbox-keeper.ts';
import type { SessionContext } from './session-context.ts';
import { createSynchroniser } from './synchroniser.ts';

/** A session that this server runs: the only one that writes its stream. */
export interface ActiveSession {
  readonly sessionId: string;
  readonly epoch: number;
  readonly stream: SessionStream;
  readonly record: RecordKeeper;
  readonly commands: CommandDesk;
  readonly event: EventFactory;
  /** The runner's connection, when there is one right now. */
  link(): SessionContext['link'];
  handedTurnId(): string | null;
  /** A file was changed in the store itself. */
  forgetFile(path: string): void;
  /** Resolves when sandbox and runner are ready; rejects when they cannot be had. */
  wake(): Promise<void>;
  /** Resolves when transcript and workspace are stored. */
  sync(): Promise<void>;
  nudge(): void;
  /** Resolves when there is nothing to do at the moment. */
  rested(): Promise<void>;
  /** Nothing runs, nothing waits and no sandbox is held: may be let go of. */
  resting(): boolean;
  /** Lets go of it. With `end` its sandbox is saved and ended first, else the run goes on without us. */
  close(runs: 'leave' | 'end'): Promise<void>;
}

export interface ActiveSessionOptions {
  record: SessionRecord;
  info: Pick<StreamInfo, 'streamId' | 'head' | 'journal' | 'snapshotSeq'>;
  state: SessionState;
  epoch: number;
  openCommands: readonly CommandRecord[];
  profile: () => Promise<AgentProfile>;
  /** Nothing to do at the moment. */
  onRest(): void;
  /** Another server took over. */
  onFenced(): void;
}

const CLOSE_MS = 15_000;

export function createActiveSession(parts: EngineParts, options: ActiveSessionOptions): ActiveSession {
  const { epoch, state, info } = options;
  const { sessionId, architecture } = options.record;
  const { clock, hub, log, committer, logger } = parts;
  const event = createEventFactory(sessionId, clock.now);
  const record = createRecordKeeper(parts, options.record, epoch);
  const snapshots = { lastSeq: info.snapshotSeq ?? 0, saving: false };

  const onCommit = (events: readonly SessionEvent[], committed: SessionState): void => {
    const seq = events.at(-1)?.seq ?? 0;
    record.project(committed.session, seq);
    noteActivity(context, events);
    hub.publish({ sessionId, events, state: committed, seq });
    saveSnapshotWhenDue(parts, context.stream, sessionId, snapshots);
    if (
      events.some(
        ({ type }) => type === 'turn:completed' || type === 'turn:failed' || type === 'turn:interrupted',
      )
    ) {
      syncWhenDue(context, true);
    }
    context.nudge();
  };

  const stream = createSessionStream({
    sessionId,
    info,
    epoch,
    state,
    log,
    committer,
    clock,
    onCommit,
    onFenced: options.onFenced,
  });
  const context: SessionContext = {
    parts,
    sessionId,
    epoch,
    stream,
    record,
    event,
    keeper: createSandboxKeeper(parts, { sessionId, architecture, record }),
    synchroniser: createSynchroniser(parts, {
      sessionId,
      epoch,
      record,
      event,
      append: (events) => stream.append({ events }),
    }),
    profile: options.profile,
    nudge: () => loop.nudge(),
    held: null,
    link: null,
    reachedReady: false,
    failingSince: null,
    handedTurnId: null,
    controls: options.openCommands.filter(({ lane }) => lane === 'control'),
    turnCommands: new Map(),
    askedAt: new Map(),
    wakers: [],
    lastActivity: clock.now(),
    lastTurnEvent: clock.now(),
    // What the sandbox did while nobody looked is not known to be saved.
    unsaved: true,
    lastSync: clock.now(),
  };
  for (const command of options.openCommands) noteTurnCommand(context, command);
  for (const { requestId } of [...state.session.pending.permissions, ...state.session.pending.questions]) {
    context.askedAt.set(requestId, clock.now());
  }
  const loop = createLifecycleLoop(context, options.onRest);

  const commands = createCommandDesk({
    sessionId,
    log,
    stream,
    onStored(stored, further) {
      noteTurnCommand(context, stored);
      for (const each of [stored, ...further]) {
        if (each.lane === 'control' && each.state === 'queued') context.controls.push(each);
      }
      context.lastActivity = clock.now();
      loop.nudge();
    },
  });

  return {
    sessionId,
    epoch,
    stream,
    record,
    commands,
    event,
    link: () => context.link,
    handedTurnId: () => context.handedTurnId,
    forgetFile: (path) => context.synchroniser.forget(path),
    nudge: loop.nudge,
    rested: loop.rested,
    wake() {
      context.lastActivity = clock.now();
      if (context.link) return Promise.resolve();
      const ready = createDeferred<void>();
      context.wakers.push(ready);
      loop.nudge();
      return withDeadline(
        clock,
        parts.settings.sandboxTimeoutMs,
        `The sandbox of session ${sessionId}`,
        ready.promise,
        'sandbox_unavailable',
      );
    },
    async sync() {
      if (!context.link)
        throw new AgentServerError(
          'not_running',
          `Session ${sessionId} has no running sandbox: what is saved is up to date`,
        );
      context.lastSync = clock.now();
      context.unsaved = false;
      await context.synchroniser.run(context.link);
    },
    resting() {
      const { session } = stream.latest();
      return (
        !context.held &&
        !record.current().sandbox &&
        context.wakers.length === 0 &&
        (session.status === 'idle' || session.status === 'terminated')
      );
    },
    async close(runs) {
      await loop.stop();
      if (runs === 'end' && context.held) {
        const saved = context.link ? context.synchroniser.run(context.link) : Promise.resolve();
        await withDeadline(clock, CLOSE_MS, 'Saving the session', saved).catch((error: unknown) => {
          logger.log('warn', 'session not saved before its end', { sessionId, error });
        });
        await endSandbox(context, 'server_stopped').catch((error: unknown) => {
          logger.log('warn', 'sandbox not ended', { sessionId, error });
        });
      }
      context.link?.close();
      await record
        .flush()
        .catch((error: unknown) => logger.log('warn', 'session record not stored', { sessionId, error }));
      stream.close();
    },
  };
}

function noteTurnCommand(context: SessionContext, record: CommandRecord): void {
  const command = record.command as RunnerCommand | null;
  if (record.lane === 'turns' && command?.type === 'turn') context.turnCommands.set(command.turnId, record);
}

function noteActivity(context: SessionContext, events: readonly SessionEvent[]): void {
  const now = context.parts.clock.now();
  for (const { type, payload, context: place } of events) {
    if (place.source === 'runner') {
      context.lastTurnEvent = now;
      context.lastActivity = now;
      context.unsaved = true;
    }
    if (type === 'turn:started' && context.handedTurnId === payload.turnId) context.handedTurnId = null;
    if (type === 'turn:queued') context.lastActivity = now;
    if (
      type === 'turn:completed' ||
      type === 'turn:failed' ||
      type === 'turn:interrupted' ||
      type === 'turn:cancelled'
    ) {
      context.turnCommands.delete(payload.turnId);
      if (context.handedTurnId === payload.turnId) context.handedTurnId = null;
    }
    if (type === 'permission:requested' || type === 'question:requested')
      context.askedAt.set(payload.requestId, now);
    if (type === 'permission:resolved' || type === 'question:resolved')
      context.askedAt.delete(payload.requestId);
  }
}
