import type { EventLog, Leases, PersistenceAdapter } from '@hhopkins/agent-core';

/** A store with every ability that a mutant breaks. */
export type WholeStore = PersistenceAdapter & {
  readonly eventLog: EventLog;
  readonly leases: Leases;
} & Required<Pick<PersistenceAdapter, 'listSessions' | 'listUnfinishedSessions' | 'deleteSession'>>;

/** A store broken on purpose. A kit that lets it pass is of no use. */
export interface StoreMutant {
  /** What it does wrong. */
  readonly name: string;
  /** Id of the case that must catch it. */
  readonly breaks: string;
  /** The given store, with the fault. */
  wrap(store: WholeStore): WholeStore;
}

/** The object with some of its members replaced, whatever kind of object it is. */
export function override<Target extends object>(target: Target, changes: Partial<Target>): Target {
  return new Proxy(target, {
    get(_, property) {
      if (Object.hasOwn(changes, property)) return Reflect.get(changes, property);
      const value = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A mutant of the event log. */
export const logMutant = (
  name: string,
  breaks: string,
  change: (log: EventLog) => Partial<EventLog>,
): StoreMutant => ({
  name,
  breaks,
  wrap: (store) => override(store, { eventLog: override(store.eventLog, change(store.eventLog)) }),
});

/** A mutant of the leases. */
export const leaseMutant = (
  name: string,
  breaks: string,
  change: (leases: Leases) => Partial<Leases>,
): StoreMutant => ({
  name,
  breaks,
  wrap: (store) => override(store, { leases: override(store.leases, change(store.leases)) }),
});

/** A mutant of the adapter's own methods. */
export const storeMutant = (
  name: string,
  breaks: string,
  change: (store: WholeStore) => Partial<WholeStore>,
): StoreMutant => ({ name, breaks, wrap: (store) => override(store, change(store)) });
