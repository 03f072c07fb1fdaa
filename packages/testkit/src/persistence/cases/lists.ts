import assert from 'node:assert/strict';
import type { PersistenceAdapter, SessionRecord, SessionRow } from '@hhopkins/agent-core';
import type { ListSessionsQuery } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertSame } from '../assertions.ts';
import type { StoreContext } from '../context.ts';
import { assertRow } from '../rows.ts';
import { newId, sampleRecord } from '../samples.ts';

type Context = StoreContext<PersistenceAdapter>;

const needs = ({ adapter }: Context) =>
  adapter.listSessions ? undefined : 'the adapter has no listSessions';

async function page(adapter: PersistenceAdapter, query: ListSessionsQuery) {
  assert.ok(adapter.listSessions);
  return await adapter.listSessions(query);
}

/** Ids of a query's first page, in its order. */
const idsOf = async (adapter: PersistenceAdapter, query: ListSessionsQuery) =>
  (await page(adapter, query)).sessions.map((row) => row.sessionId);

/** Sessions of an architecture that only this case has, so that others in the store do not count. */
async function populate(adapter: PersistenceAdapter, each: readonly Partial<SessionRecord>[]) {
  const architecture = newId('architecture');
  const records = each.map((changes) => sampleRecord({ architecture, ...changes }));
  for (const record of records) await adapter.createSessionRecord(record);
  return { architecture, records, ids: records.map((record) => record.sessionId) };
}

const minute = (index: number) => new Date(Date.UTC(2026, 2, 1, 10, index)).toISOString();

/** Walks all pages; `between` runs after each. */
async function walk(
  adapter: PersistenceAdapter,
  query: ListSessionsQuery,
  between: (pages: number) => Promise<void> = async () => {},
): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  let cursor: string | undefined;
  for (let pages = 1; pages <= 100; pages++) {
    const answer = await page(adapter, { ...query, cursor });
    assert.ok(answer.sessions.length <= Number(query.limit), 'a page is not longer than its limit');
    rows.push(...answer.sessions);
    if (answer.nextCursor === null) return rows;
    cursor = answer.nextCursor;
    await between(pages);
  }
  return assert.fail('the pages do not end');
}

const needsUnfinished = ({ adapter }: Context) =>
  adapter.listUnfinishedSessions ? undefined : 'the adapter has no listUnfinishedSessions';

/** Which of these sessions have something to do. */
async function unfinishedOf(adapter: PersistenceAdapter, ids: readonly string[]): Promise<string[]> {
  const rows = (await adapter.listUnfinishedSessions?.()) ?? [];
  const found = new Set(rows.map(({ sessionId }) => sessionId));
  assert.equal(found.size, rows.length, 'no session comes twice');
  return ids.filter((id) => found.has(id));
}

/** What is asked of `listSessions` and `listUnfinishedSessions`. */
export const listCases: readonly Case<Context>[] = [
  {
    id: 'list-order',
    title: 'sessions are listed whole, the newest update first',
    needs,
    async run({ adapter, omits }) {
      const { architecture, records } = await populate(
        adapter,
        [3, 1, 2].map((at) => ({ updatedAt: minute(at) })),
      );
      const expected = [records[0], records[2], records[1]] as SessionRecord[];
      const { sessions, nextCursor } = await page(adapter, { architecture });
      assert.equal(sessions.length, 3);
      sessions.forEach((row, index) => {
        assertRow(row, expected[index] as SessionRecord, omits);
      });
      assert.equal(nextCursor, null);
    },
  },
  {
    id: 'list-filters',
    title: 'status, architecture and profile each filter, and together',
    needs,
    async run({ adapter }) {
      const [mine, theirs] = [newId('profile'), newId('profile')];
      const { architecture, ids } = await populate(adapter, [
        { status: 'running', agentProfileRef: mine, updatedAt: minute(4) },
        { status: 'running', agentProfileRef: theirs, updatedAt: minute(3) },
        { status: 'terminated', agentProfileRef: mine, updatedAt: minute(2) },
        { status: 'idle', agentProfileRef: undefined, updatedAt: minute(1) },
      ]);
      const [a, b, c, d] = ids;
      assertSame(await idsOf(adapter, { architecture }), [a, b, c, d], 'by architecture');
      assertSame(await idsOf(adapter, { architecture, status: 'running' }), [a, b], 'by status');
      assertSame(await idsOf(adapter, { profile: mine }), [a, c], 'by profile');
      assertSame(await idsOf(adapter, { architecture, status: 'running', profile: mine }), [a], 'by all');
      assertSame(await idsOf(adapter, { architecture: newId('none') }), [], 'by an unknown architecture');
    },
  },
  {
    id: 'list-search',
    title: 'text is looked for in name and id, in either case, and patterns are plain characters',
    needs,
    async run({ adapter }) {
      const names = [
        '50% off',
        '50 and off',
        'snake_case',
        'snakeXcase',
        'back\\slash',
        "it's Größe",
        undefined,
      ];
      const { architecture, ids } = await populate(
        adapter,
        names.map((name, index) => ({ name, updatedAt: minute(30 - index) })),
      );
      const search = (q: string) => idsOf(adapter, { architecture, q });
      assertSame(await search('0% O'), [ids[0]], 'a percent sign');
      assertSame(await search('E_C'), [ids[2]], 'an underscore');
      assertSame(await search('k\\s'), [ids[4]], 'a backslash');
      assertSame(await search("t's Größ"), [ids[5]], 'a quote and an umlaut');
      assertSame(await search(String(ids[6]).slice(8)), [ids[6]], 'an id');
      assertSame(await search('nowhere to be found'), [], 'text that is nowhere');
    },
  },
  {
    id: 'list-updated-since',
    title: 'only sessions updated at or after an instant are listed, whatever its time zone',
    needs,
    async run({ adapter }) {
      const { architecture, ids } = await populate(
        adapter,
        [3, 2, 1].map((at) => ({ updatedAt: minute(at) })),
      );
      const since = (updatedSince: string) => idsOf(adapter, { architecture, updatedSince });
      assertSame(await since('2026-03-01T10:02:00Z'), [ids[0], ids[1]], 'in UTC');
      assertSame(await since('2026-03-01T12:02:00+02:00'), [ids[0], ids[1]], 'in another zone');
      assertSame(await since('2026-03-01T10:03:00.001Z'), [], 'after the last');
    },
  },
  {
    id: 'list-pages',
    title: 'pages give every session once, also where many were updated at the same instant',
    needs,
    async run({ adapter }) {
      const times = Array.from({ length: 11 }, (_, index) => ({ updatedAt: minute(Math.floor(index / 5)) }));
      const { architecture, ids } = await populate(adapter, times);
      for (const limit of [1, 3, 11, 50]) {
        const rows = await walk(adapter, { architecture, limit });
        assertSame(rows.map((row) => row.sessionId).sort(), [...ids].sort(), `pages of ${limit}`);
        const order = rows.map((row) => new Date(row.updatedAt as string).getTime());
        assertSame(
          order,
          [...order].sort((one, other) => other - one),
          `order in pages of ${limit}`,
        );
      }
    },
  },
  {
    id: 'list-unfinished',
    title: 'sessions with a sandbox, or with a status of work, are listed as unfinished, and no others',
    needs: needsUnfinished,
    async run({ adapter }) {
      const sandbox = { provider: 'local', nonce: newId('nonce') };
      const { ids } = await populate(adapter, [
        { status: 'idle', sandbox: null },
        { status: 'idle', sandbox },
        { status: 'running', sandbox: null },
        { status: 'queued' },
        { status: 'terminated', sandbox: null },
        { status: 'terminated', sandbox },
      ]);
      const [, claims, runs, waits, , ending] = ids;
      assertSame(await unfinishedOf(adapter, ids), [claims, runs, waits, ending], 'unfinished');
      await adapter.updateSessionRecord(claims as string, { sandbox: null });
      assertSame(await unfinishedOf(adapter, ids), [runs, waits, ending], 'once the claim is given up');
    },
  },
  {
    id: 'list-pages-while-changing',
    title: 'while sessions change between pages, the others come exactly once and none comes twice',
    needs,
    async run({ adapter }) {
      const times = Array.from({ length: 12 }, (_, index) => ({ updatedAt: minute(index) }));
      const { architecture, ids } = await populate(adapter, times);
      const changed = new Set<string>();
      const rows = await walk(adapter, { architecture, limit: 3 }, async (pages) => {
        // One that was seen already, one that was not yet, and a new one.
        for (const sessionId of [ids[12 - pages], ids[pages - 1]] as string[]) {
          changed.add(sessionId);
          await adapter.updateSessionRecord(sessionId, { updatedAt: minute(30 + pages) });
        }
        await adapter.createSessionRecord(sampleRecord({ architecture, updatedAt: minute(50 + pages) }));
      });
      const seen = rows.map((row) => row.sessionId);
      assert.equal(new Set(seen).size, seen.length, 'no session comes twice');
      const unchanged = ids.filter((id) => !changed.has(id));
      assertSame(
        unchanged.filter((id) => !seen.includes(id)),
        [],
        'unchanged sessions that were left out',
      );
    },
  },
];
