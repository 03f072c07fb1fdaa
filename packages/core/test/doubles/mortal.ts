import type { Clock } from '../../src/ports/runtime.ts';
import { createDeferred, type Deferred } from '../../src/support/deferred.ts';

/** A process that tests may kill. */
export interface Life {
  readonly dead: boolean;
  /** While it is stopped, as by SIGSTOP: its calls and timers wait. */
  readonly frozen: Promise<void> | null;
  freeze(): void;
  thaw(): void;
  /** Its timers die with it. */
  readonly timers: Set<() => void>;
  end(): void;
}

export function createLife(): Life {
  let dead = false;
  let ice: Deferred<void> | null = null;
  const timers = new Set<() => void>();
  return {
    get frozen() {
      return ice?.promise ?? null;
    },
    freeze() {
      ice ??= createDeferred();
    },
    thaw() {
      ice?.resolve();
      ice = null;
    },
    get dead() {
      return dead;
    },
    timers,
    end() {
      dead = true;
      for (const cancel of timers) cancel();
      timers.clear();
    },
  };
}

/** A port as one process sees it: once that is dead, its calls do nothing, and answers reach nobody. */
export function mortal<Port extends object>(port: Port, life: Life): Port {
  const never = () => new Promise<never>(() => {});
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      return (...input: unknown[]) => {
        if (life.dead) return never();
        const call = (): unknown => Reflect.apply(member, target, input);
        const answer: unknown = life.frozen ? life.frozen.then(call) : call();
        if (!(answer instanceof Promise)) return answer;
        return answer.then(
          async (value: unknown) => {
            if (life.frozen) await life.frozen;
            if (life.dead) return never();
            const isSandbox = typeof value === 'object' && value !== null && 'exec' in value;
            return isSandbox ? mortal(value, life) : value;
          },
          (error: unknown) => {
            if (life.dead) return never();
            throw error;
          },
        );
      };
    },
    // Spreading it must give the wrapped members.
    getOwnPropertyDescriptor: (target, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
      return descriptor && { ...descriptor, configurable: true };
    },
  });
}

export function mortalClock(clock: Clock, life: Life): Clock {
  return {
    now: clock.now,
    schedule(milliseconds, callback) {
      if (life.dead) return () => {};
      const cancel = clock.schedule(milliseconds, () => {
        life.timers.delete(cancel);
        if (life.frozen) void life.frozen.then(callback);
        else callback();
      });
      life.timers.add(cancel);
      return () => {
        life.timers.delete(cancel);
        cancel();
      };
    },
  };
}
