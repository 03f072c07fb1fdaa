import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type SqlitePersistence, sqlitePersistence } from '../src/index.ts';

/** A file in a folder of its own. */
const newFile = (): string => join(mkdtempSync(join(tmpdir(), 'agent-sqlite-')), 'store.db');

/** A file that goes with the test. */
export function fileForTest(): string {
  const file = newFile();
  onTestFinished(() => rmSync(dirname(file), { recursive: true, force: true }));
  return file;
}

/** The files of a store as they are at this moment, which is what a dead process would leave; copied. */
export function copyOf(file: string): string {
  const copy = newFile();
  for (const suffix of ['', '-wal']) {
    if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
  }
  return copy;
}

/** What the kits need: stores in files of their own that can be opened again. */
export function temporaryStores() {
  const files = new Map<SqlitePersistence, string>();
  const openedAt = (file: string) => {
    const persistence = sqlitePersistence({ file });
    files.set(persistence, file);
    return persistence;
  };
  const fileOf = (persistence: SqlitePersistence) => files.get(persistence) ?? '';

  return {
    fileOf,
    create: () => openedAt(newFile()),
    async reopen(persistence: SqlitePersistence) {
      await persistence.close();
      return openedAt(fileOf(persistence));
    },
    /** @param left what the crash leaves */
    async crash(persistence: SqlitePersistence, left = copyOf(fileOf(persistence))) {
      await persistence.close();
      rmSync(dirname(fileOf(persistence)), { recursive: true, force: true });
      return openedAt(left);
    },
    async dispose(persistence: SqlitePersistence) {
      await persistence.close();
      rmSync(dirname(fileOf(persistence)), { recursive: true, force: true });
    },
  };
}
