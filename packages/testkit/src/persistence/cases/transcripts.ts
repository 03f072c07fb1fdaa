import assert from 'node:assert/strict';
import type { PersistenceAdapter } from '@hhopkins/agent-core';
import type { Case } from '../../kit.ts';
import { assertSame, assertSameText } from '../assertions.ts';
import type { StoreContext } from '../context.ts';
import { loadExisting, subagentsById } from '../rows.ts';
import { newId, ODD_TEXTS, sampleRecord } from '../samples.ts';

async function created(adapter: PersistenceAdapter): Promise<string> {
  const record = sampleRecord();
  await adapter.createSessionRecord(record);
  return record.sessionId;
}

/** What is asked of transcripts. */
export const transcriptCases: readonly Case<StoreContext<PersistenceAdapter>>[] = [
  {
    id: 'transcript-round-trip',
    title: 'a transcript comes back as it was saved, the newest one only',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const longer = '{"type":"user"}\n{"type":"assistant"}\n';
      for (const raw of ['{"type":"user"}\n', longer, '{"type":"compacted"}\n']) {
        await adapter.saveTranscript(sessionId, raw);
        assertSameText((await loadExisting(adapter, sessionId)).rawTranscript, raw, 'the transcript');
      }
    },
  },
  {
    id: 'transcript-none',
    title: 'a session without a transcript has none, not that of another',
    async run({ adapter }) {
      const other = await created(adapter);
      await adapter.saveTranscript(other, 'of another\n');
      await adapter.saveTranscript(other, 'of another subagent\n', 'agent-1');
      const session = await loadExisting(adapter, await created(adapter));
      assert.equal(session.rawTranscript ?? '', '');
      assertSame(subagentsById(session), {}, 'subagents of a session that has none');
    },
  },
  {
    id: 'transcript-odd-texts',
    title: 'transcripts keep every character',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const raw = ODD_TEXTS.map((text) => `${JSON.stringify({ text })}\n${text}`).join('\n');
      await adapter.saveTranscript(sessionId, raw);
      await adapter.saveTranscript(sessionId, raw, 'agent-1');
      const session = await loadExisting(adapter, sessionId);
      assertSameText(session.rawTranscript, raw, 'the transcript');
      assertSameText(subagentsById(session)['agent-1'], raw, 'the transcript of the subagent');
    },
  },
  {
    id: 'transcript-large',
    title: 'a transcript of five megabytes comes back whole',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const line = `${JSON.stringify({ type: 'assistant', text: 'lorem ipsum ünd 日本 🙂 '.repeat(20) })}\n`;
      const raw = line.repeat(Math.ceil((5 * 1024 * 1024) / Buffer.byteLength(line)));
      await adapter.saveTranscript(sessionId, raw);
      assertSameText((await loadExisting(adapter, sessionId)).rawTranscript, raw, 'the transcript');
    },
  },
  {
    id: 'transcript-subagents',
    title: 'transcripts of subagents stand beside that of the agent, and saving one leaves the others',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const subagents = { 'agent-1': 'one\n', 'agent-2': 'two\n', 'toolu_01/odd id:3': 'three\n' };
      await adapter.saveTranscript(sessionId, 'main\n');
      for (const [id, raw] of Object.entries(subagents)) await adapter.saveTranscript(sessionId, raw, id);
      await adapter.saveTranscript(sessionId, 'main again\n');
      await adapter.saveTranscript(sessionId, 'two again\n', 'agent-2');
      const session = await loadExisting(adapter, sessionId);
      assertSameText(session.rawTranscript, 'main again\n', 'the transcript of the agent');
      assertSame(
        subagentsById(session),
        { ...subagents, 'agent-2': 'two again\n' },
        'transcripts of the subagents',
      );
      assert.equal(session.subagentTranscripts?.length, 3, 'each subagent has one transcript');
    },
  },
  {
    id: 'transcript-subagent-first',
    title: 'a subagent may be saved before the agent itself',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      await adapter.saveTranscript(sessionId, 'sub\n', 'agent-1');
      await adapter.saveTranscript(sessionId, 'main\n');
      const session = await loadExisting(adapter, sessionId);
      assertSameText(session.rawTranscript, 'main\n', 'the transcript of the agent');
      assertSame(subagentsById(session), { 'agent-1': 'sub\n' }, 'transcripts of the subagents');
    },
  },
  {
    id: 'transcript-at-once',
    title: 'transcripts of many subagents that are saved at once are all kept',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const ids = Array.from({ length: 20 }, () => newId('agent'));
      await Promise.all(ids.map((id) => adapter.saveTranscript(sessionId, `of ${id}\n`, id)));
      const expected = Object.fromEntries(ids.map((id) => [id, `of ${id}\n`]));
      const found = subagentsById(await loadExisting(adapter, sessionId));
      assertSame(
        Object.entries(found).sort(),
        Object.entries(expected).sort(),
        'transcripts of the subagents',
      );
    },
  },
];
