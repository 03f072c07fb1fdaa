export type { SqliteLocation } from './connection.ts';
export { type SqlitePersistence, sqlitePersistence } from './persistence.ts';
