import type { DatabaseSync } from 'node:sqlite';
import { AgentServerError } from '@hhopkins/agent-protocol';

/** The highest epoch of each session: what refuses the writes of a server that lost it. Called within a transaction. */
export interface Epochs {
  /** @throws `stale_epoch` when a higher one was given or has written; otherwise remembers this one. */
  admit(sessionId: string, epoch: number | undefined): void;
  /** Gives the session an epoch higher than any given before, of any session. */
  raise(sessionId: string): number;
}

/** One counter serves all sessions: one that is purged and made again under its id still gets a higher epoch. */
export function createEpochs(database: DatabaseSync): Epochs {
  const select = database.prepare('SELECT epoch FROM agent_streams WHERE session_id = ?');
  const put = database.prepare(
    `INSERT INTO agent_streams (session_id, epoch) VALUES (?, ?)
     ON CONFLICT (session_id) DO UPDATE SET epoch = excluded.epoch`,
  );
  const count = database.prepare(
    'UPDATE agent_deployment SET last_epoch = last_epoch + 1 RETURNING last_epoch AS epoch',
  );
  const countAtLeast = database.prepare('UPDATE agent_deployment SET last_epoch = max(last_epoch, ?)');

  return {
    admit(sessionId, epoch) {
      if (epoch === undefined) return;
      const highest = Number(select.get(sessionId)?.epoch ?? 0);
      if (epoch < highest) {
        throw new AgentServerError(
          'stale_epoch',
          `Session ${sessionId}: a write with epoch ${epoch} came after epoch ${highest}; another server has taken over.`,
        );
      }
      if (epoch === highest) return;
      put.run(sessionId, epoch);
      countAtLeast.run(epoch);
    },
    raise(sessionId) {
      const epoch = Number(count.get()?.epoch);
      put.run(sessionId, epoch);
      return epoch;
    },
  };
}
