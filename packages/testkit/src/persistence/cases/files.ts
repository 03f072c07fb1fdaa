import assert from 'node:assert/strict';
import type { PersistenceAdapter } from '@hhopkins/agent-core';
import type { WorkspaceFile } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertSame } from '../assertions.ts';
import type { StoreContext } from '../context.ts';
import { loadExisting } from '../rows.ts';
import { binaryFile, ODD_TEXTS, sampleFile, sampleRecord } from '../samples.ts';

async function created(adapter: PersistenceAdapter): Promise<string> {
  const record = sampleRecord();
  await adapter.createSessionRecord(record);
  return record.sessionId;
}

async function assertFiles(
  adapter: PersistenceAdapter,
  sessionId: string,
  expected: readonly WorkspaceFile[],
): Promise<void> {
  const { workspaceFiles } = await loadExisting(adapter, sessionId);
  assertSame(sorted(workspaceFiles ?? []), sorted(expected), 'files of the workspace');
}

/** In one order of paths and of fields, with `modifiedAt` in one form. */
function sorted(files: readonly WorkspaceFile[]): WorkspaceFile[] {
  return files
    .map(({ path, content, encoding, size, mode, modifiedAt }) => ({
      path,
      content,
      encoding,
      size,
      mode: mode ?? undefined,
      modifiedAt: new Date(modifiedAt).toISOString(),
    }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** What is asked of workspace files. */
export const fileCases: readonly Case<StoreContext<PersistenceAdapter>>[] = [
  {
    id: 'file-round-trip',
    title: 'a file comes back with content, size, mode and time, and without a mode when it had none',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const { mode, ...withoutMode } = sampleFile({ path: 'plain.txt' });
      const files = [sampleFile(), sampleFile({ path: 'bin/run', mode: 0o755 }), withoutMode];
      for (const file of files) await adapter.saveWorkspaceFile(sessionId, file);
      await assertFiles(adapter, sessionId, files);
    },
  },
  {
    id: 'file-binary',
    title: 'a binary file keeps every byte',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const empty = binaryFile({ path: 'empty.bin', content: '', size: 0 });
      await adapter.saveWorkspaceFile(sessionId, binaryFile());
      await adapter.saveWorkspaceFile(sessionId, empty);
      await assertFiles(adapter, sessionId, [binaryFile(), empty]);
    },
  },
  {
    id: 'file-odd-texts',
    title: 'contents and paths keep every character',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const files = ODD_TEXTS.map((content, index) =>
        sampleFile({
          path: `ordner ${index}/ünï '%_" 日本 🙂.txt`,
          content,
          size: Buffer.byteLength(content),
        }),
      );
      for (const file of files) await adapter.saveWorkspaceFile(sessionId, file);
      await assertFiles(adapter, sessionId, files);
    },
  },
  {
    id: 'file-overwrite',
    title: 'saving a path again replaces the file, also from text to binary and back',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const path = 'data.bin';
      for (const file of [
        sampleFile({ path }),
        binaryFile({ path }),
        sampleFile({ path, content: 'back', size: 4 }),
      ]) {
        await adapter.saveWorkspaceFile(sessionId, file);
        await assertFiles(adapter, sessionId, [file]);
      }
    },
  },
  {
    id: 'file-delete',
    title: 'a deleted file is gone, the others stay, and deleting it again is no error',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const [kept, folder] = [sampleFile({ path: 'a.txt' }), sampleFile({ path: 'a.txt.d/b.txt' })];
      for (const file of [kept, folder, sampleFile({ path: 'gone.txt' })]) {
        await adapter.saveWorkspaceFile(sessionId, file);
      }
      await adapter.deleteSessionFile(sessionId, 'gone.txt');
      await adapter.deleteSessionFile(sessionId, 'gone.txt');
      await adapter.deleteSessionFile(sessionId, 'never-there.txt');
      await assertFiles(adapter, sessionId, [kept, folder]);
    },
  },
  {
    id: 'file-sessions-apart',
    title: 'the same path in two sessions is two files',
    async run({ adapter }) {
      const [one, other] = [await created(adapter), await created(adapter)];
      await adapter.saveWorkspaceFile(one, sampleFile({ content: 'one', size: 3 }));
      await adapter.saveWorkspaceFile(other, sampleFile({ content: 'other', size: 5 }));
      await adapter.deleteSessionFile(other, sampleFile().path);
      await assertFiles(adapter, one, [sampleFile({ content: 'one', size: 3 })]);
      await assertFiles(adapter, other, []);
    },
  },
  {
    id: 'file-at-once',
    title: 'files that are saved at once are all kept, and the record and transcript beside them',
    async run({ adapter }) {
      const sessionId = await created(adapter);
      const files = Array.from({ length: 30 }, (_, index) => sampleFile({ path: `f${index}.txt` }));
      await Promise.all([
        ...files.map((file) => adapter.saveWorkspaceFile(sessionId, file)),
        adapter.updateSessionRecord(sessionId, { status: 'running' }),
        adapter.saveTranscript(sessionId, 'main\n'),
      ]);
      await assertFiles(adapter, sessionId, files);
      const session = await loadExisting(adapter, sessionId);
      assert.equal(session.rawTranscript, 'main\n');
    },
  },
];
