import assert from 'node:assert/strict';
import type { PersistenceAdapter, SessionRecord } from '@hhopkins/agent-core';
import type { Case } from '../../kit.ts';
import { assertSame } from '../assertions.ts';
import type { StoreContext } from '../context.ts';
import { assertRow, loadExisting } from '../rows.ts';
import { newId, ODD_TEXTS, sampleRecord } from '../samples.ts';

/** What is asked of session records. */
export const recordCases: readonly Case<StoreContext<PersistenceAdapter>>[] = [
  {
    id: 'record-round-trip',
    title: 'a session is loaded and listed with all that it was created with',
    async run({ adapter, omits }) {
      const record = sampleRecord();
      await adapter.createSessionRecord(record);
      assertRow(await adapter.loadSession(record.sessionId), record, omits);
      assertRow(await findListed(adapter, record.sessionId), record, omits);
    },
  },
  {
    id: 'record-bare',
    title: 'a session with nothing but its required fields comes back without the others',
    async run({ adapter, omits }) {
      const { agentProfileRef, name, agentSessionId, sandbox, ...required } = sampleRecord();
      const record: SessionRecord = { ...required, sessionOptions: {}, metadata: {}, asOfSeq: 0 };
      await adapter.createSessionRecord(record);
      const row = await loadExisting(adapter, record.sessionId);
      assertRow(row, record, omits);
      const others = [row.agentProfileRef, row.name, row.agentSessionId, row.sandbox];
      assertSame(others, [null, null, null, null], 'fields that were never given');
    },
  },
  {
    id: 'record-unknown',
    title: 'an unknown session is null or undefined, not an error',
    async run({ adapter }) {
      assert.equal((await adapter.loadSession(newId('nobody'))) ?? null, null);
    },
  },
  {
    id: 'record-unknown-update',
    title: 'an update of an unknown session is refused or does nothing, and makes no session',
    async run({ adapter }) {
      const sessionId = newId('nobody');
      const attempts = [
        () => adapter.updateSessionRecord(sessionId, { status: 'running' }),
        () => adapter.saveTranscript(sessionId, '{}'),
        () => adapter.deleteSessionFile(sessionId, 'a.txt'),
      ];
      for (const attempt of attempts) await attempt().catch(() => undefined);
      assert.equal((await adapter.loadSession(sessionId)) ?? null, null);
      assert.equal(await findListed(adapter, sessionId), undefined);
    },
  },
  {
    id: 'record-patch',
    title: 'an update changes the fields it names and no other, of this session and no other',
    async run({ adapter, omits }) {
      const record = sampleRecord();
      const neighbour = sampleRecord();
      await adapter.createSessionRecord(record);
      await adapter.createSessionRecord(neighbour);
      const patch = { status: 'running', asOfSeq: 12, updatedAt: '2026-03-01T10:05:00.000Z' } as const;
      await adapter.updateSessionRecord(record.sessionId, patch);
      assertRow(await adapter.loadSession(record.sessionId), { ...record, ...patch }, omits);
      assertRow(await adapter.loadSession(neighbour.sessionId), neighbour, omits);
    },
  },
  {
    id: 'record-patch-objects',
    title: 'options and metadata of an update replace the old ones as a whole',
    async run({ adapter, omits }) {
      const record = sampleRecord({ metadata: { old: 1 }, sessionOptions: { old: true } });
      await adapter.createSessionRecord(record);
      const patch = { metadata: { fresh: [1, 'two', null] }, sessionOptions: {} };
      await adapter.updateSessionRecord(record.sessionId, patch);
      assertRow(await adapter.loadSession(record.sessionId), { ...record, ...patch }, omits);
    },
  },
  {
    id: 'record-sandbox-claim',
    title: 'a sandbox claim goes from intent to sandbox to none',
    async run({ adapter, omits }) {
      const record = sampleRecord({ sandbox: null });
      await adapter.createSessionRecord(record);
      const intent = { provider: 'local', nonce: newId('nonce') };
      for (const sandbox of [intent, { ...intent, sandboxId: newId('sandbox') }, null]) {
        await adapter.updateSessionRecord(record.sessionId, { sandbox });
        assertRow(await adapter.loadSession(record.sessionId), { ...record, sandbox }, omits);
      }
    },
  },
  {
    id: 'record-retry',
    title: 'creating and updating again after an unknown outcome leaves one session, as it was',
    async run({ adapter, omits }) {
      const record = sampleRecord();
      await adapter.createSessionRecord(record);
      await adapter.createSessionRecord(record);
      await adapter.updateSessionRecord(record.sessionId, { name: 'Again' });
      await adapter.updateSessionRecord(record.sessionId, { name: 'Again' });
      const listed = (await adapter.listAllSessions()).filter((row) => row.sessionId === record.sessionId);
      assert.equal(listed.length, 1);
      assertRow(listed[0], { ...record, name: 'Again' }, omits);
    },
  },
  {
    id: 'record-odd-texts',
    title: 'names and metadata keep every character',
    async run({ adapter, omits }) {
      for (const text of ODD_TEXTS) {
        const record = sampleRecord({
          name: text || 'empty',
          metadata: { text, [`key ${text.slice(0, 50)}`]: [text] },
        });
        await adapter.createSessionRecord(record);
        assertRow(await adapter.loadSession(record.sessionId), record, omits);
      }
    },
  },
  {
    id: 'record-odd-id',
    title: 'ids with marks of any kind stay apart',
    async run({ adapter, omits }) {
      const base = newId('session');
      const ids = [
        base,
        `${base} `,
        base.toUpperCase(),
        `${base}%`,
        `${base}'"`,
        `${base}/../x`,
        `${base}-é`,
        `${base}-e\u0301`,
      ];
      for (const sessionId of ids)
        await adapter.createSessionRecord(sampleRecord({ sessionId, name: `of ${sessionId}` }));
      for (const sessionId of ids) {
        const row = await loadExisting(adapter, sessionId);
        assert.equal(row.sessionId, sessionId);
        if (!omits.includes('name')) assert.equal(row.name, `of ${sessionId}`);
      }
    },
  },
  {
    id: 'record-copies',
    title: 'changing what was given to the store, or what it gave, changes nothing in it',
    async run({ adapter, omits }) {
      const record = sampleRecord();
      const given = structuredClone(record);
      await adapter.createSessionRecord(given);
      given.metadata.ticket = 'changed after creating';
      const loaded = await loadExisting(adapter, record.sessionId);
      const listed = await findListed(adapter, record.sessionId);
      for (const row of [loaded, listed]) {
        if (row?.metadata && typeof row.metadata === 'object')
          Object.assign(row.metadata, { ticket: 'changed' });
      }
      assertRow(await adapter.loadSession(record.sessionId), record, omits);
    },
  },
];

async function findListed(adapter: PersistenceAdapter, sessionId: string) {
  return (await adapter.listAllSessions()).find((row) => row.sessionId === sessionId);
}
