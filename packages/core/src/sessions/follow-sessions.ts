import type { Session, SessionSummary } from '@hhopkins/agent-protocol';
import type { FollowSessions, SessionListItem } from '../engine-interface.ts';
import type { PersistenceAdapter } from '../ports/persistence.ts';
import { recordOf } from '../store/session-row.ts';
import type { StreamHub } from '../stream/stream-hub.ts';
import { summaryOf } from './summaries.ts';

const PAGE = 200;

export interface SessionListSource {
  persistence: PersistenceAdapter;
  hub: StreamHub;
  /** The sessions that run here, whose records may be a moment behind. */
  live(): readonly { session: Session; seq: number }[];
}

/** The list of sessions and its changes. Of what changed only the latest is kept until the reader asks for it. */
export function followSessions(source: SessionListSource, stopped: AbortSignal): FollowSessions {
  const { persistence, hub } = source;
  const aborter = new AbortController();
  const signal = AbortSignal.any([aborter.signal, stopped]);

  async function* read(): AsyncGenerator<SessionListItem, void, undefined> {
    const changed = new Map<string, { session: Session; seq: number }>();
    const removed = new Set<string>();
    let wake = () => {};
    const offPublish = hub.onPublish(({ sessionId, state, seq }) => {
      changed.set(sessionId, { session: state.session, seq });
      removed.delete(sessionId);
      wake();
    });
    const offRemove = hub.onRemove((sessionId) => {
      changed.delete(sessionId);
      removed.add(sessionId);
      wake();
    });
    const onAbort = () => wake();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const live = new Map(source.live().map((each) => [each.session.sessionId, each]));
      const all = (await persistence.listAllSessions()).map(recordOf).map((record) => {
        const current = live.get(record.sessionId);
        return current ? summaryOfSession(current) : summaryOf(record);
      });
      for (let start = 0; start === 0 || start < all.length; start += PAGE) {
        if (signal.aborted) return;
        yield { sessions: all.slice(start, start + PAGE), removed: [], complete: start + PAGE >= all.length };
      }
      while (!signal.aborted) {
        if (changed.size + removed.size === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const gone = [...removed];
        removed.clear();
        const sessions = [...changed.values()].slice(0, PAGE);
        for (const { session } of sessions) changed.delete(session.sessionId);
        yield { sessions: sessions.map(summaryOfSession), removed: gone, complete: true };
      }
    } finally {
      offPublish();
      offRemove();
      signal.removeEventListener('abort', onAbort);
    }
  }

  return { [Symbol.asyncIterator]: () => read(), close: () => aborter.abort() };
}

const summaryOfSession = ({ session, seq }: { session: Session; seq: number }): SessionSummary =>
  summaryOf({ ...session, sandbox: null, asOfSeq: seq });
