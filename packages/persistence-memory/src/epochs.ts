import { AgentServerError } from '@hhopkins/agent-protocol';

/** The highest epoch of each session: what refuses the writes of a server that lost its session. */
export interface MemoryEpochs {
  /** 0 when the session never had one. */
  current(sessionId: string): number;
  /** Gives the session an epoch higher than any given before, of any session. */
  raise(sessionId: string): number;
  /**
   * Runs a write and remembers its epoch once it is done; `undefined` writes unfenced.
   * @throws `stale_epoch`, before anything is written, when a higher epoch was given or has written
   */
  write<Result>(sessionId: string, epoch: number | undefined, work: () => Result): Result;
  forget(sessionId: string): void;
}

/**
 * Epochs to share between `memoryEventLog` and `memoryLeases`, so that a lease taken over fences the log.
 *
 * One counter serves all sessions: a session that is removed and made again under its old id still gets a higher epoch.
 */
export function memoryEpochs(): MemoryEpochs {
  const epochs = new Map<string, number>();
  let last = 0;
  const current = (sessionId: string) => epochs.get(sessionId) ?? 0;
  const remember = (sessionId: string, epoch: number) => {
    epochs.set(sessionId, epoch);
    last = Math.max(last, epoch);
  };

  return {
    current,
    raise(sessionId) {
      remember(sessionId, last + 1);
      return last;
    },
    write(sessionId, epoch, work) {
      const highest = current(sessionId);
      if (epoch !== undefined && epoch < highest) {
        throw new AgentServerError(
          'stale_epoch',
          `Session ${sessionId}: a write with epoch ${epoch} came after epoch ${highest}; another server has taken over.`,
        );
      }
      const result = work();
      if (epoch !== undefined) remember(sessionId, epoch);
      return result;
    },
    forget(sessionId) {
      epochs.delete(sessionId);
    },
  };
}
