import { createDeferred } from '../../deferred.ts';
import type { DriverContext, TurnEnd } from '../driver.ts';

/** Between two tries to begin a turn while another one runs, in milliseconds. */
const RETRY_MS = 20;

/** Tasks that outlive their turn; what follows on the end of one is a turn that the agent begins by itself. */
export function createBackground(
  beginTurn: DriverContext['beginTurn'],
  play: (turnId: string, script: string) => Promise<TurnEnd>,
) {
  const timers = new Set<NodeJS.Timeout>();
  let running = 0;

  const later = (milliseconds: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, milliseconds);
    timers.add(timer);
  };

  const wake = (script: string): void => {
    const ended = createDeferred<TurnEnd>();
    const turnId = beginTurn(ended.promise);
    if (turnId === undefined) {
      later(RETRY_MS, () => wake(script));
      return;
    }
    const failed = ({ message }: Error): TurnEnd => {
      return { outcome: 'failed', code: 'agent_error', message, retryable: false };
    };
    void play(turnId, script).catch(failed).then(ended.resolve);
  };

  return {
    count: () => running,
    start(milliseconds: number, script: string): void {
      running += 1;
      later(milliseconds, () => {
        running -= 1;
        wake(script);
      });
    },
    stop(): void {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      running = 0;
    },
  };
}
