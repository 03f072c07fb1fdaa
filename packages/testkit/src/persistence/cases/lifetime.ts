import assert from 'node:assert/strict';
import type { PersistenceAdapter } from '@hhopkins/agent-core';
import { DEFAULT_PROFILE } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertSame } from '../assertions.ts';
import { needsReopen, type StoreContext } from '../context.ts';
import { assertRow, loadExisting, subagentsById } from '../rows.ts';
import { binaryFile, newId, sampleFile, sampleRecord } from '../samples.ts';

/** A session with something of everything. */
async function populated(adapter: PersistenceAdapter) {
  const record = sampleRecord();
  await adapter.createSessionRecord(record);
  await adapter.saveTranscript(record.sessionId, 'main\n');
  await adapter.saveTranscript(record.sessionId, 'sub\n', 'agent-1');
  await adapter.saveWorkspaceFile(record.sessionId, sampleFile());
  await adapter.saveWorkspaceFile(record.sessionId, binaryFile());
  return record;
}

/** What is asked of deleting and of opening again. */
export const lifetimeCases: readonly Case<StoreContext<PersistenceAdapter>>[] = [
  {
    id: 'delete-session',
    title: 'a deleted session is gone with all that it had, others stay, and deleting it again is no error',
    needs: ({ adapter }) => (adapter.deleteSession ? undefined : 'the adapter has no deleteSession'),
    async run({ adapter, omits }) {
      const [record, neighbour] = [await populated(adapter), await populated(adapter)];
      await adapter.deleteSession?.(record.sessionId);
      await adapter.deleteSession?.(record.sessionId);
      assert.equal((await adapter.loadSession(record.sessionId)) ?? null, null);
      const listed = (await adapter.listAllSessions()).map((row) => row.sessionId);
      assert.ok(!listed.includes(record.sessionId), 'the deleted session is listed');
      assertRow(await adapter.loadSession(neighbour.sessionId), neighbour, omits);

      await adapter.createSessionRecord(record);
      const again = await loadExisting(adapter, record.sessionId);
      assert.equal(again.rawTranscript ?? '', '', 'a new session of the same id begins without a transcript');
      assertSame(subagentsById(again), {}, 'transcripts of subagents of a new session');
      assertSame(again.workspaceFiles ?? [], [], 'files of a new session');
    },
  },
  {
    id: 'deployment-id',
    title: 'the store has an id that never changes',
    needs: ({ adapter }) => (adapter.deploymentId ? undefined : 'the adapter has no deploymentId'),
    async run(context) {
      const id = await context.adapter.deploymentId?.();
      assert.match(String(id), /^\S{8,}$/);
      assert.equal(await context.adapter.deploymentId?.(), id);
      const reopened = await context.reopen?.();
      if (reopened) assert.equal(await reopened.deploymentId?.(), id);
    },
  },
  {
    id: 'reopen-keeps-sessions',
    title: 'sessions, transcripts, files and profiles are there when the store is opened again',
    needs: needsReopen,
    async run(context) {
      const record = await populated(context.adapter);
      const profile = { ...DEFAULT_PROFILE, id: newId('profile') };
      await context.adapter.saveAgentProfile?.(profile);
      const before = await loadExisting(context.adapter, record.sessionId);
      const adapter = (await context.reopen?.()) ?? context.adapter;
      assertRow(await adapter.loadSession(record.sessionId), record, context.omits);
      assertSame(await loadExisting(adapter, record.sessionId), before, 'the session');
      if (adapter.saveAgentProfile)
        assertSame(await adapter.loadAgentProfile(profile.id), profile, 'the profile');
    },
  },
];
