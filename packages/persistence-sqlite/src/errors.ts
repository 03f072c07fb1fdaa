import { AgentServerError } from '@hhopkins/agent-protocol';

const CONSTRAINT = 19;
const BUSY = 5;

/** The result code of SQLite, without its extension; undefined for errors that are not SQLite's. */
function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

export const isConstraintFault = (error: unknown): boolean => resultCodeOf(error) === CONSTRAINT;
export const isBusy = (error: unknown): boolean => resultCodeOf(error) === BUSY;

/** What callers see of a failure: our own errors as they are, everything of SQLite and the disk as `store_unavailable`. */
export function storeError(error: unknown, store: string): AgentServerError {
  if (AgentServerError.isInstance(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const hint = isBusy(error) ? ' Another program holds a write lock on it.' : '';
  return new AgentServerError('store_unavailable', `The store (${store}) failed: ${reason}.${hint}`, {
    cause: error,
  });
}
