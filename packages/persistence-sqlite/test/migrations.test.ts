import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { sqlitePersistence } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { MIGRATIONS } from '../src/migrations/index.ts';
import { fileForTest } from './temporary-store.ts';

function databaseForTest(file = ':memory:'): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}

const tablesOf = (database: DatabaseSync) =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map((row) => row.name);

test('versions of the schema are numbered from 1 without a gap', () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
});

test('a newer schema is refused with the way out, and left as it is', async () => {
  const file = fileForTest();
  const first = sqlitePersistence({ file });
  await first.open();
  await first.close();
  const database = databaseForTest(file);
  database.exec('INSERT INTO agent_schema (version) VALUES (999)');
  database.close();

  await expect(sqlitePersistence({ file }).open()).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringMatching(/schema version 999.*Update the package/),
  });
  // The refusal gave the lock back.
  await expect(sqlitePersistence({ file }).open()).rejects.toMatchObject({ code: 'invalid_configuration' });
});

test('a later step runs once, on top of what is there', async () => {
  const database = databaseForTest();
  migrate(database, 'test');
  const { id } = database.prepare('SELECT id FROM agent_deployment').get() ?? {};
  const next = { version: MIGRATIONS.length + 1, sql: 'CREATE TABLE agent_later (id TEXT) STRICT' };
  for (let run = 0; run < 2; run++) migrate(database, 'test', [...MIGRATIONS, next]);
  expect(tablesOf(database)).toContain('agent_later');
  expect(database.prepare('SELECT id FROM agent_deployment').all()).toEqual([{ id }]);
});

test('a step that fails takes back all of its run', () => {
  const database = databaseForTest();
  const broken = {
    version: MIGRATIONS.length + 1,
    sql: 'CREATE TABLE agent_later (id TEXT); SELECT nonsense',
  };
  expect(() => migrate(database, 'test', [...MIGRATIONS, broken])).toThrow('nonsense');
  expect(tablesOf(database)).toEqual([]);
});

test("in a caller's database it keeps to its own tables, leaves the settings, and never closes", async () => {
  const file = fileForTest();
  const database = databaseForTest(file);
  database.exec(
    "CREATE TABLE sessions (id TEXT); INSERT INTO sessions VALUES ('mine'); PRAGMA user_version = 7",
  );
  const settings = () =>
    ['user_version', 'journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'].map((name) =>
      database.prepare(`PRAGMA ${name}`).get(),
    );
  const before = settings();

  const persistence = sqlitePersistence({ database });
  await persistence.open();
  expect(tablesOf(database).filter((name) => !String(name).startsWith('agent_'))).toEqual(['sessions']);
  expect(settings()).toEqual(before);
  await expect(sqlitePersistence({ file }).open()).rejects.toMatchObject({ code: 'store_locked' });

  await persistence.close();
  expect(database.prepare('SELECT id FROM sessions').all()).toEqual([{ id: 'mine' }]);
});
