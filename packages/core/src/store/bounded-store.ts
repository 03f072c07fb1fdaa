import { AgentServerError } from '@hhopkins/agent-protocol';
import type { Clock } from '../ports/runtime.ts';
import { withDeadline } from '../support/deadline.ts';

/** Within this time a store answers or counts as unreachable, in milliseconds. */
const ANSWER_MS = 30_000;

/**
 * The same port of a store (all its methods answer with promises), whose every call ends in time: with `store_unavailable` when no answer came, and when the store
 * failed in words of its own.
 */
export function boundStore<Port extends object>(port: Port, clock: Clock): Port {
  const bounded = async (name: string, ask: () => unknown): Promise<unknown> => {
    try {
      const answer = (async () => ask())();
      return await withDeadline(clock, ANSWER_MS, `The store's ${name}`, answer, 'store_unavailable');
    } catch (error) {
      if (AgentServerError.isInstance(error)) throw error;
      throw new AgentServerError('store_unavailable', `The store failed in ${name}`, { cause: error });
    }
  };
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      return (...input: unknown[]) => bounded(String(key), () => Reflect.apply(member, target, input));
    },
  });
}
