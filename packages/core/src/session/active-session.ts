import {
  type AgentProfile,
  AgentServerError,
  type SessionEvent,
  type SessionState,
} from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { CommandRecord, StreamInfo } from '../ports/event-log.ts';
import type { SessionRecord } from '../ports/persistence.ts';
import type { RunnerLink } from '../runner/runner-link.ts';
import { createSessionStream, type SessionStream } from '../stream/session-stream.ts';
import { createSnapshotKeeper } from '../stream/snapshots.ts';
import { pause, withDeadline } from '../support/deadline.ts';
import { adopt, noteActivity } from './activity.ts';
import { createAppend } from './append-with-consequences.ts';
import { type CommandDesk, createCommandDesk } from './command-desk.ts';
import { endSandbox } from './end-sandbox.ts';
import { createEventFactory, type EventFactory } from './engine-event.ts';
import { createLifecycleLoop } from './lifecycle-loop.ts';
import { failTurn } from './losses.ts';
import { createRecordKeeper, type RecordKeeper } from './record-keeper.ts';
import { createSandboxKeeper } from './sandbox-keeper.ts';
import { save, saveForTheLastTime, saveWhenDue } from './saving.ts';
import { emptyHands, type SessionContext, turnAtRunner } from './session-context.ts';
import { createSynchroniser } from './synchroniser.ts';
import { hasSandbox, reach, wake } from './wake.ts';

/** A session that this server runs: the only one that writes its stream. */
export interface ActiveSession {
  readonly sessionId: string;
  readonly epoch: number;
  readonly stream: SessionStream;
  readonly record: RecordKeeper;
  readonly commands: CommandDesk;
  readonly event: EventFactory;
  /** The runner's connection, when there is one right now. */
  link(): RunnerLink | null;
  /** The runner's connection, waited for when there is a sandbox; null when there is none. */
  reach(): Promise<RunnerLink | null>;
  /** The queued turn that the runner has already. */
  turnAtRunner(): string | null;
  /** Writes files into the store alone; a new sandbox is filled only once it is done. */
  writeFiles(write: () => Promise<void>): Promise<void>;
  /** Keeps the sandbox for as long as `work` takes. */
  whileHeld<Result>(work: () => Promise<Result>): Promise<Result>;
  /** A file was changed in the store itself. */
  forgetFile(path: string): void;
  /** Resolves when sandbox and runner are ready; rejects when they cannot be had. */
  wake(): Promise<void>;
  /** Resolves when transcript and workspace are stored. */
  sync(): Promise<void>;
  nudge(): void;
  /** Resolves when there is nothing to do at the moment. */
  rested(): Promise<void>;
  /** It has a sandbox or is about to need one. */
  needsSandbox(): boolean;
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

const ENDS: ReadonlySet<string> = new Set(['turn:completed', 'turn:failed', 'turn:interrupted']);
const LAST_SNAPSHOT_MS = 10_000;

export function createActiveSession(parts: EngineParts, options: ActiveSessionOptions): ActiveSession {
  const { epoch, state, info } = options;
  const { sessionId, architecture } = options.record;
  const { clock, hub, log, committer, logger } = parts;
  const event = createEventFactory(sessionId, clock.now);
  const record = createRecordKeeper(parts, options.record, epoch);
  const stopper = new AbortController();

  const onCommit = (events: readonly SessionEvent[], committed: SessionState): void => {
    const seq = events.at(-1)?.seq ?? 0;
    record.project(committed.session, seq);
    noteActivity(context, events);
    hub.publish({ sessionId, events, state: committed, seq });
    snapshots.saveWhenDue();
    if (events.some(({ type }) => ENDS.has(type))) saveWhenDue(context, true);
    loop.nudge();
  };

  /** What the store has of commands after a failure may be more than we were told. */
  const adoptStored = async (): Promise<void> => {
    while (!stream.closed()) {
      try {
        for (const command of await log.openCommands(sessionId)) adopt(context, command);
        return loop.nudge();
      } catch (error) {
        logger.log('warn', 'open commands not read; it is tried again', { sessionId, error });
        await pause(clock, 1000, stopper.signal);
      }
    }
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
    onSettled() {
      // While the store was away nobody could be kept in contact.
      context.failingSince = null;
      void adoptStored();
    },
    onFenced: options.onFenced,
    onFault: (error) => logger.log('error', 'a listener of a commit threw', { sessionId, error }),
  });
  const snapshots = createSnapshotKeeper(parts, stream, sessionId, info.snapshotSeq ?? 0);

  const append = createAppend(() => context);
  const context: SessionContext = {
    parts,
    sessionId,
    epoch,
    stream,
    record,
    event,
    append,
    keeper: createSandboxKeeper(parts, { sessionId, architecture, record }),
    synchroniser: createSynchroniser(parts, {
      sessionId,
      epoch,
      record,
      event,
      append: (events) => append({ events }),
    }),
    profile: options.profile,
    signal: stopper.signal,
    nudge: () => loop.nudge(),
    changed: () => loop.changed(),
    ...emptyHands(clock.now()),
  };
  for (const command of options.openCommands) adopt(context, command);
  for (const { requestId } of [...state.session.pending.permissions, ...state.session.pending.questions]) {
    context.askedAt.set(requestId, clock.now());
  }
  const loop = createLifecycleLoop(context, stopper, options.onRest);
  // The record may have stayed behind when the last owner died.
  if (info.head > 0) record.project(state.session, info.head);

  const commands = createCommandDesk({
    sessionId,
    log,
    append,
    latest: stream.latest,
    onStored(stored) {
      for (const each of stored) adopt(context, each);
      context.lastActivity = clock.now();
      loop.nudge();
    },
  });

  /** Everything that was acknowledged gets its outcome before the sandbox goes. */
  const endRuns = async (): Promise<void> => {
    await saveForTheLastTime(context);
    const { activeTurn } = stream.latest().session;
    await append({
      events: failTurn(context, activeTurn?.turnId, 'shutting_down', 'The server was stopped'),
    });
    await endSandbox(context, 'server_stopped');
  };

  return {
    sessionId,
    epoch,
    stream,
    record,
    commands,
    event,
    link: () => context.link,
    turnAtRunner: () => turnAtRunner(context),
    reach: () => reach(context),
    async writeFiles(write) {
      const writing = write();
      context.fileWrites.add(writing);
      await writing.finally(() => context.fileWrites.delete(writing));
    },
    async whileHeld(work) {
      context.transfers += 1;
      try {
        return await work();
      } finally {
        context.transfers -= 1;
        loop.nudge();
      }
    },
    forgetFile(path) {
      context.synchroniser.forget(path);
      context.lastActivity = clock.now();
      context.unsaved = true;
    },
    nudge: loop.nudge,
    rested: loop.rested,
    wake: () => wake(context),
    async sync() {
      if (!context.link)
        throw new AgentServerError(
          'not_running',
          `Session ${sessionId} has no running sandbox: what is saved is up to date`,
        );
      await save(context, context.link);
    },
    needsSandbox() {
      const { status } = stream.latest().session;
      return (
        hasSandbox(context) || context.wakers.length > 0 || (status !== 'idle' && status !== 'terminated')
      );
    },
    resting() {
      const { status } = stream.latest().session;
      const quiet = context.wakers.length + context.controls.length === 0 && !stream.uncertain();
      return quiet && !hasSandbox(context) && (status === 'idle' || status === 'terminated');
    },
    async close(runs) {
      await loop.stop();
      if (runs === 'end' && hasSandbox(context) && !stream.closed()) {
        await endRuns().catch((error: unknown) =>
          logger.log('warn', 'sandbox not ended', { sessionId, error }),
        );
      }
      context.link?.close();
      if (!stream.closed()) {
        const kept = Promise.all([record.flush(), snapshots.save()]);
        await withDeadline(clock, LAST_SNAPSHOT_MS, 'The last writes of the session', kept).catch(
          (error: unknown) => logger.log('warn', 'session record not stored', { sessionId, error }),
        );
      }
      record.close();
      stream.close();
    },
  };
}
