import type { AgentServerError, ErrorCode } from '@hhopkins/agent-protocol';

const STORE: ReadonlySet<ErrorCode> = new Set([
  'store_unavailable',
  'stale_epoch',
  'head_mismatch',
  'shutting_down',
]);

const PASSING: ReadonlySet<ErrorCode> = new Set([
  ...STORE,
  'connection_lost',
  'timeout',
  'protocol_error',
  'capacity',
  'journal_full',
]);

/** The store's fault, not that of what was being done: it is done again when the store is back. */
export const isStoreFault = ({ code }: AgentServerError): boolean => STORE.has(code);

/** Trying again may help; anything else is the answer. */
export const isPassing = ({ code }: AgentServerError): boolean => PASSING.has(code);
