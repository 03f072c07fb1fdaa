import { AgentServerError, type PendingEvent } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { SessionRecord } from '../ports/persistence.ts';
import { saveSnapshot } from '../stream/snapshots.ts';
import type { ActiveSession } from './active-session.ts';
import { beginSession, openSession, type SessionCallbacks } from './open-session.ts';

/** The sessions that this server runs. A session is opened when it is needed, and let go of when it rests and nobody uses it. */
export interface SessionRegistry {
  /** Runs `work` with the session, opening it first when need be. */
  use<Result>(sessionId: string, work: (session: ActiveSession) => Promise<Result>): Promise<Result>;
  begin(record: SessionRecord, events: readonly PendingEvent[]): Promise<ActiveSession>;
  /** The session when this server runs it at the moment. */
  peek(sessionId: string): ActiveSession | undefined;
  active(): readonly ActiveSession[];
  /** How many sandboxes are held or being made. */
  sandboxes(): number;
  /** The session is gone from the store. */
  drop(sessionId: string): Promise<void>;
  /** Renews all leases; lets go of those that were lost. */
  renewLeases(): Promise<void>;
  close(runs: 'leave' | 'end'): Promise<void>;
}

interface Entry {
  opening: Promise<ActiveSession>;
  session?: ActiveSession;
  uses: number;
}

export function createSessionRegistry(parts: EngineParts): SessionRegistry {
  const { logger, leases, owner, settings } = parts;
  const entries = new Map<string, Entry>();
  let closing = false;

  const callbacksOf = (sessionId: string): SessionCallbacks => ({
    onRest: () => void letGoWhenResting(sessionId),
    onFenced: () => {
      logger.log('warn', 'another server took the session over', { sessionId });
      void remove(sessionId, 'leave');
    },
  });

  const add = (sessionId: string, opening: Promise<ActiveSession>): Entry => {
    const entry: Entry = { opening, uses: 0 };
    entries.set(sessionId, entry);
    opening.then(
      (session) => {
        entry.session = session;
        session.nudge();
      },
      () => entries.delete(sessionId),
    );
    return entry;
  };

  const remove = async (sessionId: string, runs: 'leave' | 'end'): Promise<void> => {
    const session = entries.get(sessionId)?.session;
    if (!session) return;
    entries.delete(sessionId);
    await session.close(runs);
    await leases.release(sessionId, owner, session.epoch).catch(() => {});
  };

  const letGoWhenResting = async (sessionId: string): Promise<void> => {
    const entry = entries.get(sessionId);
    if (!entry?.session?.resting() || entry.uses > 0 || closing) return;
    const { session } = entry;
    // Whoever comes from here on opens it anew, with a higher epoch, once this one is closed.
    const closed = (async () => {
      await saveSnapshot(parts, session.stream, sessionId, session.stream.committed()).catch(() => {});
      await session.close('leave');
      await leases.release(sessionId, owner, session.epoch).catch(() => {});
    })();
    entries.delete(sessionId);
    leaving.set(
      sessionId,
      closed.finally(() => leaving.delete(sessionId)),
    );
    await closed;
  };
  const leaving = new Map<string, Promise<void>>();

  const obtain = (sessionId: string): Entry => {
    if (closing) throw new AgentServerError('shutting_down', 'The server is stopping; try again in a moment');
    const known = entries.get(sessionId);
    if (known) return known;
    const left = leaving.get(sessionId) ?? Promise.resolve();
    return add(
      sessionId,
      left.catch(() => {}).then(() => openSession(parts, sessionId, callbacksOf(sessionId))),
    );
  };

  return {
    async use(sessionId, work) {
      const entry = obtain(sessionId);
      entry.uses += 1;
      try {
        return await work(await entry.opening);
      } finally {
        entry.uses -= 1;
        void letGoWhenResting(sessionId);
      }
    },
    async begin(record, events) {
      if (closing)
        throw new AgentServerError('shutting_down', 'The server is stopping; try again in a moment');
      const entry = add(record.sessionId, beginSession(parts, record, events, callbacksOf(record.sessionId)));
      return entry.opening;
    },
    peek: (sessionId) => entries.get(sessionId)?.session,
    active: () => [...entries.values()].flatMap(({ session }) => session ?? []),
    sandboxes: () => [...entries.values()].filter(({ session }) => session?.record.current().sandbox).length,
    async drop(sessionId) {
      await remove(sessionId, 'leave');
    },
    async renewLeases() {
      const held = [...entries.values()].flatMap(({ session }) =>
        session ? [{ sessionId: session.sessionId, epoch: session.epoch }] : [],
      );
      if (held.length === 0) return;
      const lost = await leases.renew(owner, held, settings.leaseTtlMs);
      for (const sessionId of lost) {
        logger.log('warn', 'lease lost', { sessionId });
        await remove(sessionId, 'leave');
      }
    },
    async close(runs) {
      closing = true;
      await Promise.allSettled([...entries.values()].map(({ opening }) => opening));
      await Promise.all([...entries.keys()].map((sessionId) => remove(sessionId, runs)));
      await Promise.allSettled(leaving.values());
    },
  };
}
