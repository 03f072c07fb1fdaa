import assert from 'node:assert/strict';
import type { LoadedSession, PersistenceAdapter, SessionRecord, SessionRow } from '@hhopkins/agent-core';
import { assertSame } from './assertions.ts';

const DATES = new Set<string>(['createdAt', 'updatedAt']);
const JSON_COLUMNS = new Set<string>(['sessionOptions', 'metadata', 'sandbox']);

/** Compares as the engine reads: dates as `Date`, number or text, JSON columns as values or as text, null as absent. */
export function assertRow(
  row: SessionRow | null | undefined,
  record: SessionRecord,
  omits: readonly (keyof SessionRecord)[] = [],
): void {
  assert.ok(row, `session ${record.sessionId} is not there`);
  for (const field of Object.keys(record) as (keyof SessionRecord)[]) {
    if (omits.includes(field)) continue;
    assertSame(plain(field, row[field]), plain(field, record[field]), `${field} of the session`);
  }
}

function plain(field: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (DATES.has(field)) return new Date(value as string | number | Date).toISOString();
  if (JSON_COLUMNS.has(field) && typeof value === 'string') return JSON.parse(value);
  return value;
}

/** The session, which must be there. */
export async function loadExisting(adapter: PersistenceAdapter, sessionId: string): Promise<LoadedSession> {
  const session = await adapter.loadSession(sessionId);
  assert.ok(session, `session ${sessionId} is not there`);
  return session;
}

export const subagentsById = (session: LoadedSession): Record<string, string> =>
  Object.fromEntries((session.subagentTranscripts ?? []).map(({ id, transcript }) => [id, transcript]));
