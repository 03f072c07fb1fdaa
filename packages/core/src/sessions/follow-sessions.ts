import type { FollowSessions, SessionListItem } from '../engine-interface.ts';
import type { PersistenceAdapter } from '../ports/persistence.ts';
import { recordOf } from '../store/session-row.ts';
import type { StreamHub } from '../stream/stream-hub.ts';
import { summaryOf } from './summaries.ts';

const PAGE = 200;

/** The list of sessions and its changes. What changed is kept by id alone, and read when the reader asks for it. */
export function followSessions(
  persistence: PersistenceAdapter,
  hub: StreamHub,
  stopped: AbortSignal,
): FollowSessions {
  const aborter = new AbortController();
  const signal = AbortSignal.any([aborter.signal, stopped]);

  async function* read(): AsyncGenerator<SessionListItem, void, undefined> {
    const changed = new Set<string>();
    const removed = new Set<string>();
    let wake = () => {};
    const offPublish = hub.onPublish(({ sessionId }) => {
      changed.add(sessionId);
      wake();
    });
    const offRemove = hub.onRemove((sessionId) => {
      removed.add(sessionId);
      wake();
    });
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      const all = (await persistence.listAllSessions()).map(recordOf).map(summaryOf);
      for (let start = 0; start === 0 || start < all.length; start += PAGE) {
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
        const ids = [...changed].filter((sessionId) => !removed.has(sessionId)).slice(0, PAGE);
        removed.clear();
        for (const sessionId of [...ids, ...gone]) changed.delete(sessionId);
        const rows = await Promise.all(ids.map((sessionId) => persistence.loadSession(sessionId)));
        const sessions = rows.flatMap((row) => (row ? [summaryOf(recordOf(row))] : []));
        yield { sessions, removed: gone, complete: true };
      }
    } finally {
      offPublish();
      offRemove();
    }
  }

  return { [Symbol.asyncIterator]: () => read(), close: () => aborter.abort() };
}
