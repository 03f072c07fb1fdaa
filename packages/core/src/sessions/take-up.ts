import { AgentServerError } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import { unfinishedSessions } from '../store/unfinished-sessions.ts';

/** Takes up sessions whose server ended: their runs went on, or their messages still wait. */
export interface TakeUp {
  /** Looks for them in the store, and begins to open them. */
  find(): Promise<void>;
  /** Tries again those that another server had, which may have died. */
  retry(): void;
}

/** Sessions opened at a time, a count. */
const AT_A_TIME = 8;

export function createTakeUp(parts: EngineParts, registry: SessionRegistry): TakeUp {
  const { persistence, logger } = parts;
  const waiting = new Set<string>();
  let working = 0;

  const open = async (sessionId: string): Promise<void> => {
    try {
      // Opening is enough: it does what is to be done, and stays open for as long as that takes.
      await registry.use(sessionId, async () => {});
    } catch (error) {
      const { code, message } = AgentServerError.from(error);
      logger.log(code === 'not_owner' ? 'debug' : 'warn', 'session not taken up', {
        sessionId,
        code,
        error: message,
      });
      if (code === 'not_owner' || code === 'store_unavailable') waiting.add(sessionId);
    }
  };

  const openAll = (sessionIds: readonly string[]): void => {
    const left = [...sessionIds];
    const work = async (): Promise<void> => {
      for (let sessionId = left.shift(); sessionId !== undefined; sessionId = left.shift())
        await open(sessionId);
    };
    const workers = Math.min(AT_A_TIME - working, left.length);
    for (let count = 0; count < workers; count += 1) {
      working += 1;
      void work().finally(() => {
        working -= 1;
      });
    }
    // Those that found no worker wait for the next round.
    if (workers <= 0) for (const sessionId of left) waiting.add(sessionId);
  };

  return {
    async find() {
      const unfinished = await unfinishedSessions(persistence);
      const open = unfinished.filter(({ sessionId }) => !registry.peek(sessionId));
      if (open.length > 0) logger.log('info', `taking up ${open.length} sessions`);
      openAll(open.map(({ sessionId }) => sessionId));
    },
    retry() {
      const again = [...waiting];
      waiting.clear();
      openAll(again);
    },
  };
}
