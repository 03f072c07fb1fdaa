import type { SessionRow } from '@hhopkins/agent-core';
import type { ListSessionsQuery } from '@hhopkins/agent-protocol';
import { type StoreMutant, storeMutant, type WholeStore } from './mutant.ts';

/** All sessions of a query, in its order. */
async function everything(store: WholeStore, query: ListSessionsQuery): Promise<SessionRow[]> {
  const { sessions } = await store.listSessions({ ...query, cursor: undefined, limit: 200 });
  return [...sessions];
}

/** Faults of `listSessions`. */
export const listMutants: readonly StoreMutant[] = [
  storeMutant('takes percent signs and underscores for patterns', 'list-search', (store) => ({
    async listSessions({ q, ...query }) {
      const pattern = new RegExp(
        (q ?? '').replaceAll('%', '.*').replaceAll('_', '.').replaceAll('\\', '\\\\'),
        'i',
      );
      const { nextCursor } = await store.listSessions(query);
      const sessions = (await everything(store, query)).filter((row) =>
        pattern.test(`${row.name}\n${row.sessionId}`),
      );
      return { sessions, nextCursor };
    },
  })),
  storeMutant('ignores a filter', 'list-filters', (store) => ({
    listSessions: ({ profile, ...query }) => store.listSessions(query),
  })),
  storeMutant('compares times as text', 'list-updated-since', (store) => ({
    async listSessions({ updatedSince = '', ...query }) {
      const sessions = (await everything(store, query)).filter(
        (row) => String(row.updatedAt) >= updatedSince,
      );
      return { sessions, nextCursor: null };
    },
  })),
  storeMutant('lists the oldest update first', 'list-order', (store) => ({
    async listSessions(query) {
      const { sessions, nextCursor } = await store.listSessions(query);
      return { sessions: sessions.toReversed(), nextCursor };
    },
  })),
  storeMutant('counts pages instead of remembering a place', 'list-pages-while-changing', (store) => ({
    async listSessions(query) {
      const from = Number(query.cursor ?? 0);
      const to = from + Number(query.limit ?? 50);
      const rows = await everything(store, query);
      return { sessions: rows.slice(from, to), nextCursor: to < rows.length ? String(to) : null };
    },
  })),
  storeMutant('skips what was updated at the same instant as the end of a page', 'list-pages', (store) => ({
    async listSessions(query) {
      const rows = (await everything(store, query)).filter(
        (row) => query.cursor === undefined || String(row.updatedAt) < query.cursor,
      );
      const sessions = rows.slice(0, Number(query.limit ?? 50));
      const isLast = sessions.length === rows.length;
      return { sessions, nextCursor: isLast ? null : String(sessions.at(-1)?.updatedAt) };
    },
  })),
  storeMutant(
    'takes an idle session with a sandbox for one that has nothing to do',
    'list-unfinished',
    (store) => ({
      listUnfinishedSessions: async () =>
        (await store.listUnfinishedSessions()).filter(({ status }) => status !== 'idle'),
    }),
  ),
  storeMutant('takes every session for one that has something to do', 'list-unfinished', (store) => ({
    listUnfinishedSessions: () => store.listAllSessions(),
  })),
];
