import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Rows of the store's own tables, read by another process than the server: what is really on disk. */
export function readStore(dataDirectory: string) {
  const query = <Row>(sql: string, ...parameters: string[]): Row[] => {
    const database = new DatabaseSync(join(dataDirectory, 'agent-server.db'), {
      readOnly: true,
      timeout: 5000,
    });
    try {
      return database.prepare(sql).all(...parameters) as Row[];
    } finally {
      database.close();
    }
  };
  return {
    query,
    /** Every value of every row of every table as text. */
    everything: () =>
      query<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
        .flatMap(({ name }) => query<Record<string, unknown>>(`SELECT * FROM "${name}"`))
        .flatMap((row) => Object.values(row))
        .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)))
        .join('\n'),
  };
}
