import type { Clock } from '../../src/ports/runtime.ts';

/** A process that tests may kill. */
export interface Life {
  readonly dead: boolean;
  /** Its timers die with it. */
  readonly timers: Set<() => void>;
  end(): void;
}

export function createLife(): Life {
  let dead = false;
  const timers = new Set<() => void>();
  return {
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
        const answer: unknown = Reflect.apply(member, target, input);
        if (!(answer instanceof Promise)) return answer;
        return answer.then(
          (value: unknown) => {
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
        callback();
      });
      life.timers.add(cancel);
      return () => {
        life.timers.delete(cancel);
        cancel();
      };
    },
  };
}
