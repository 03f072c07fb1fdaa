import { AgentServerError } from '@hhopkins/agent-protocol';

/** What becomes of a call of a store. */
export type Fault =
  /** Nothing was written, and the caller is told so in words of the database. */
  | 'before'
  /** All was written, but the answer was lost. */
  | 'after'
  /** Nothing was written, and no answer ever comes. */
  | 'hang'
  /** All was written, and no answer ever comes. */
  | 'hang-after';

/** Switches by which a store fails. */
export interface Faults {
  /** Every call fails as if the database were away. */
  down: boolean;
  /** The next calls of a method fail so, one after the other; `null` lets one through. */
  script(method: string, ...faults: (Fault | null)[]): void;
  clear(): void;
}

export interface FaultPoint extends Faults {
  pass<Value>(method: string, work: () => Value): Promise<Value>;
}

export function createFaults(): FaultPoint {
  const scripts = new Map<string, (Fault | null)[]>();
  const never = () => new Promise<never>(() => {});
  return {
    down: false,
    script(method, ...faults) {
      scripts.set(method, [...(scripts.get(method) ?? []), ...faults]);
    },
    clear() {
      this.down = false;
      scripts.clear();
    },
    async pass(method, work) {
      // Answers never come in the caller's own turn of the event loop.
      await Promise.resolve();
      if (this.down) throw new Error('ECONNREFUSED');
      const fault = scripts.get(method)?.shift();
      if (fault === 'before') throw new Error('connection reset by peer');
      if (fault === 'hang') return never();
      const value = work();
      if (fault === 'after') throw new AgentServerError('store_unavailable', 'the answer was lost');
      if (fault === 'hang-after') return never();
      return value;
    },
  };
}
