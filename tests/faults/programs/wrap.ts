import type { PersistenceAdapter } from '@hhopkins/agent-server/types';

type Method = (...parameters: never[]) => unknown;

/** Calls the method that a wrapper stands before. */
export type Call = () => Promise<unknown>;

/** The same object with `around` about every method; what is no method, or opens and closes, stays as it is. */
export function wrapMethods<Target extends object>(
  target: Target,
  around: (name: string, call: Call, parameters: readonly unknown[]) => Promise<unknown>,
): Target {
  return new Proxy(target, {
    get(object, name, receiver) {
      const value: unknown = Reflect.get(object, name, receiver);
      if (typeof value !== 'function' || typeof name !== 'string' || name === 'open' || name === 'close') {
        return value;
      }
      const method = value as Method;
      return (...parameters: never[]) =>
        around(name, async () => method.apply(object, parameters), parameters);
    },
  });
}

/** A store with `around` about every method of it, its event log and its leases. */
export function wrapStore(
  store: PersistenceAdapter,
  around: (name: string, call: Call, parameters: readonly unknown[]) => Promise<unknown>,
): PersistenceAdapter {
  const eventLog = store.eventLog && wrapMethods(store.eventLog, around);
  const leases = store.leases && wrapMethods(store.leases, around);
  const methods = wrapMethods(store, around);
  return new Proxy(methods, {
    get(object, name, receiver) {
      if (name === 'eventLog') return eventLog;
      if (name === 'leases') return leases;
      return Reflect.get(object, name, receiver);
    },
  });
}
