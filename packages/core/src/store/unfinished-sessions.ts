import type { PersistenceAdapter, SessionRecord } from '../ports/persistence.ts';
import { recordOf } from './session-row.ts';

/** The sessions that have something to do, or claim a sandbox: few, however many there are. */
export async function unfinishedSessions(persistence: PersistenceAdapter): Promise<SessionRecord[]> {
  if (persistence.listUnfinishedSessions) return (await persistence.listUnfinishedSessions()).map(recordOf);
  const records = (await persistence.listAllSessions()).map(recordOf);
  return records.filter(({ status, sandbox }) => sandbox || (status !== 'idle' && status !== 'terminated'));
}
