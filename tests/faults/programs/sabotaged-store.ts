import type { PersistenceAdapter } from '@hhopkins/agent-server/types';
import type { Sabotage } from '../sabotage.ts';

/** The store, broken in the way that is asked for; the sound one otherwise. */
export function sabotagedStore(
  store: PersistenceAdapter,
  _sabotage: Sabotage | undefined,
): PersistenceAdapter {
  return store;
}
