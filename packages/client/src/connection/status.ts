import type { AgentServerError } from '@hhopkins/agent-protocol';
import type { Machine, Transport } from './machine.ts';

/**
 * `idle`: nothing needs a connection. `connecting`: for the first time. `open`: frames flow. `reconnecting`: it was lost or
 * never came about, and is tried again. `unauthorized`: the key is not taken; `reconnect()` tries again. `closed`: for good.
 */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'reconnecting' | 'unauthorized' | 'closed';

/** What can be shown of the connection. The same object until something changes. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** What it runs over, while it is open. */
  readonly transport: Transport | undefined;
  /** Tries in a row that failed. */
  readonly failures: number;
  /** Why it is not open, as far as is known. */
  readonly error: AgentServerError | undefined;
}

export function statusOf(machine: Machine, error: AgentServerError | undefined): ConnectionStatus {
  const state = stateOf(machine, error !== undefined);
  return {
    state,
    transport: state === 'open' ? machine.transport : undefined,
    failures: machine.failures,
    error: state === 'open' ? undefined : error,
  };
}

function stateOf({ phase }: Machine, hasFailed: boolean): ConnectionState {
  if (phase === 'waiting') return 'reconnecting';
  if (phase === 'opening') return hasFailed ? 'reconnecting' : 'connecting';
  return phase;
}

export const isSameStatus = (left: ConnectionStatus, right: ConnectionStatus): boolean =>
  left.state === right.state &&
  left.transport === right.transport &&
  left.failures === right.failures &&
  left.error === right.error;
