import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import { createTransaction } from './transaction.ts';

/**
 * Brings the schema up to date, in one transaction.
 *
 * The version stands in a table of its own and not in `user_version`, which in a caller's database is the caller's.
 *
 * @throws `invalid_configuration` when a newer version of this package wrote the database
 */
export function migrate(
  database: DatabaseSync,
  file: string,
  steps: readonly Migration[] = MIGRATIONS,
): void {
  createTransaction(database)(() => {
    database.exec('CREATE TABLE IF NOT EXISTS agent_schema (version INTEGER NOT NULL) STRICT');
    const row = database.prepare('SELECT max(version) AS version FROM agent_schema').get();
    const from = Number(row?.version ?? 0);
    const newest = steps.at(-1)?.version ?? 0;
    if (from > newest) {
      throw new AgentServerError(
        'invalid_configuration',
        `${file} has schema version ${from}, and this @hhopkins/agent-persistence-sqlite knows ${newest}. ` +
          'Update the package, or use another file.',
      );
    }
    const insert = database.prepare('INSERT INTO agent_schema (version) VALUES (?)');
    for (const { version, sql } of steps.filter((step) => step.version > from)) {
      database.exec(sql);
      insert.run(version);
    }
    database
      .prepare(
        'INSERT INTO agent_deployment (id, created_at) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM agent_deployment)',
      )
      .run(randomUUID(), new Date().toISOString());
  });
}
