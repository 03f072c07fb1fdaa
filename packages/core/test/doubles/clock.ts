import { createHash } from 'node:crypto';
import type { Clock } from '../../src/ports/runtime.ts';

/** A clock that only tests move. */
export interface FakeClock extends Clock {
  /** Lets everything happen that needs no time to pass. */
  settle(): Promise<void>;
  /** Moves on, from timer to timer, letting everything happen that each sets off. */
  advance(milliseconds: number): Promise<void>;
  /** Moves on until `condition` holds. Throws, naming `what`, when it does not within `milliseconds` of this clock. */
  until(what: string, condition: () => boolean, milliseconds?: number): Promise<void>;
  /** `promise`, moving on for as long as it takes. */
  wait<Value>(promise: Promise<Value>, milliseconds?: number): Promise<Value>;
  /** Timers that have neither fired nor been cancelled. */
  readonly timers: number;
}

interface Timer {
  at: number;
  order: number;
  callback: () => void;
}

/** Rounds of the event loop in which promises, streams and callbacks come to rest. */
const ROUNDS = 3;
const START = Date.parse('2026-01-05T08:00:00.000Z');

export function createFakeClock(): FakeClock {
  digestSynchronously();
  let now = START;
  let order = 0;
  let timers: Timer[] = [];

  const settle = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1)
      await new Promise<void>((resolve) => setImmediate(resolve));
  };

  /** Fires what is due first, when that is not after `limit`. */
  const fireNext = (limit: number): boolean => {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    if (!next || next.at > limit) return false;
    timers = timers.filter((timer) => timer !== next);
    now = Math.max(now, next.at);
    next.callback();
    return true;
  };

  const clock: FakeClock = {
    now: () => now,
    schedule(milliseconds, callback) {
      order += 1;
      const timer = { at: now + Math.max(0, milliseconds), order, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    settle,
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle();
      while (fireNext(end)) await settle();
      now = end;
    },
    async until(what, condition, milliseconds = 7_200_000) {
      const end = now + milliseconds;
      await settle();
      while (!condition()) {
        if (!fireNext(end)) throw new Error(`${what}: not within ${milliseconds} ms of the fake clock`);
        await settle();
      }
    },
    async wait(promise, milliseconds) {
      let done = false;
      promise.then(
        () => {
          done = true;
        },
        () => {
          done = true;
        },
      );
      await clock.until('A promise', () => done, milliseconds);
      return promise;
    },
    get timers() {
      return timers.length;
    },
  };
  return clock;
}

/** Hashing in another thread would take real time, which the fake clock knows nothing of. */
function digestSynchronously(): void {
  const digest = async (_algorithm: unknown, data: Uint8Array): Promise<ArrayBuffer> => {
    const hash = createHash('sha256').update(data).digest();
    return hash.buffer.slice(hash.byteOffset, hash.byteOffset + hash.byteLength) as ArrayBuffer;
  };
  Object.defineProperty(crypto.subtle, 'digest', { value: digest, configurable: true });
}
