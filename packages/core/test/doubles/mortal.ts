import type { Clock } from '../../src/ports/runtime.ts';

/** A process that tests may kill. */
export interface Life {
  dead: boolean;
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
    schedule: (milliseconds, callback) =>
      clock.schedule(milliseconds, () => {
        if (!life.dead) callback();
      }),
  };
}
