import { AgentServerError, type PendingEvent } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { SessionRecord } from '../ports/persistence.ts';
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
  /** How many sandboxes are held, being made, or needed by what waits. */
  sandboxes(): number;
  /** Lets go of the session, if it is run here, and does `work` before anybody can open it again. */
  retire<Result>(sessionId: string, work: () => Promise<Result>): Promise<Result>;
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
  /** Sessions on their way out: whoever wants one of them opens it anew after that, with a higher epoch. */
  const leaving = new Map<string, Promise<unknown>>();
  let closing = false;

  const part = <Result>(sessionId: string, work: () => Promise<Result>): Promise<Result> => {
    entries.delete(sessionId);
    const before = leaving.get(sessionId) ?? Promise.resolve();
    const parting = before.catch(() => {}).then(work);
    const left = parting
      .catch(() => {})
      .finally(() => {
        if (leaving.get(sessionId) === left) leaving.delete(sessionId);
      });
    leaving.set(sessionId, left);
    return parting;
  };

  const closeAndRelease = async (session: ActiveSession, runs: 'leave' | 'end'): Promise<void> => {
    await session.close(runs);
    await leases.release(session.sessionId, owner, session.epoch).catch(() => {});
  };

  /** Only that very session: it may have been opened anew meanwhile. */
  const remove = async (session: ActiveSession, runs: 'leave' | 'end'): Promise<void> => {
    const { sessionId } = session;
    if (entries.get(sessionId)?.session !== session) return;
    await part(sessionId, () => closeAndRelease(session, runs));
  };

  const letGoWhenResting = (sessionId: string): void => {
    const entry = entries.get(sessionId);
    if (!entry?.session?.resting() || entry.uses > 0 || closing) return;
    remove(entry.session, 'leave').catch((error: unknown) =>
      logger.log('warn', 'session not let go of cleanly', { sessionId, error }),
    );
  };

  const callbacksOf = (sessionId: string): SessionCallbacks => ({
    onRest: () => letGoWhenResting(sessionId),
    onFenced() {
      logger.log('warn', 'another server took the session over', { sessionId });
      const session = entries.get(sessionId)?.session;
      if (session) void remove(session, 'leave').catch(() => {});
    },
  });

  const add = (sessionId: string, opening: Promise<ActiveSession>): Entry => {
    const entry: Entry = { opening, uses: 0 };
    entries.set(sessionId, entry);
    opening.then(
      (session) => {
        entry.session = session;
        // It may have been fenced before anybody had it.
        if (session.stream.closed()) void remove(session, 'leave').catch(() => {});
        else session.nudge();
      },
      () => {
        if (entries.get(sessionId) === entry) entries.delete(sessionId);
      },
    );
    return entry;
  };

  const refuseWhenClosing = (): void => {
    if (closing) throw new AgentServerError('shutting_down', 'The server is stopping; try again in a moment');
  };

  const obtain = (sessionId: string): Entry => {
    refuseWhenClosing();
    const known = entries.get(sessionId);
    if (known) return known;
    const left = leaving.get(sessionId) ?? Promise.resolve();
    return add(
      sessionId,
      left.then(() => openSession(parts, sessionId, callbacksOf(sessionId))),
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
        letGoWhenResting(sessionId);
      }
    },
    async begin(record, events) {
      refuseWhenClosing();
      const { sessionId } = record;
      return add(sessionId, beginSession(parts, record, events, callbacksOf(sessionId))).opening;
    },
    peek: (sessionId) => entries.get(sessionId)?.session,
    active: () => [...entries.values()].flatMap(({ session }) => session ?? []),
    sandboxes: () => [...entries.values()].filter(({ session }) => session?.needsSandbox()).length,
    async retire(sessionId, work) {
      const session = await entries.get(sessionId)?.opening.catch(() => undefined);
      return part(sessionId, async () => {
        await session?.close('leave');
        const result = await work();
        if (session) await leases.release(sessionId, owner, session.epoch).catch(() => {});
        return result;
      });
    },
    async renewLeases() {
      const held = [...entries.values()].flatMap(({ session }) => session ?? []);
      if (held.length === 0) return;
      const claims = held.map(({ sessionId, epoch }) => ({ sessionId, epoch }));
      const lost = new Set(await leases.renew(owner, claims, settings.leaseTtlMs));
      for (const session of held) {
        if (!lost.has(session.sessionId) || entries.get(session.sessionId)?.session !== session) continue;
        logger.log('warn', 'lease lost', { sessionId: session.sessionId });
        void remove(session, 'leave').catch(() => {});
      }
    },
    async close(runs) {
      closing = true;
      await Promise.allSettled([...entries.values()].map(({ opening }) => opening));
      await Promise.allSettled(
        [...entries.values()].flatMap(({ session }) => (session ? [remove(session, runs)] : [])),
      );
      await Promise.allSettled(leaving.values());
    },
  };
}
