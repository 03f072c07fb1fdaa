import type { EventLog, Leases, PersistenceAdapter, SessionRecord } from '@hhopkins/agent-core';
import type { CaseSetup, CaseSkips } from '../kit.ts';

/** What the event log's cases run on: a whole adapter, or a log alone. */
export type EventLogStore = Pick<PersistenceAdapter, 'leases' | 'deleteSession' | 'close'> & {
  readonly eventLog: EventLog;
};

/** What the leases' cases run on. */
export type LeaseStore = Pick<PersistenceAdapter, 'deleteSession' | 'close'> & { readonly leases: Leases };

/** How the kits get at a store. */
export interface StoreKit<Adapter> {
  /** Stands in the title of the suite. */
  name: string;
  /** A store for one case. It may be the same database each time: cases use ids of their own. */
  create(): Adapter | Promise<Adapter>;
  /** The same data through a new adapter, as after the end of the process. Without it nothing is asked of reopening. */
  reopen?(adapter: Adapter): Adapter | Promise<Adapter>;
  /**
   * What the death of the process leaves, through a new adapter: no goodbye, and what the store was doing is done or not.
   * It must be taken at once, before anything is waited for. Without it nothing is asked of crashes.
   */
  crash?(adapter: Adapter): Adapter | Promise<Adapter>;
  /** Gives back what `create` made; by default the adapter's `close`. */
  dispose?(adapter: Adapter): unknown;
  /** Fields of a record that the table has no column for. */
  omits?: readonly (keyof SessionRecord)[];
  /** Cases to leave out, each with the reason. */
  skip?: CaseSkips;
}

/** What a case gets. */
export interface StoreContext<Adapter> {
  /** The store; after `reopen` and `crash` the new one. */
  adapter: Adapter;
  reopen?: () => Promise<Adapter>;
  crash?: () => Promise<Adapter>;
  omits: readonly (keyof SessionRecord)[];
}

/** Opens a context a case from a kit's functions. */
export function storeSetup<Adapter extends { close?(): Promise<void> }>(
  kit: StoreKit<Adapter>,
): CaseSetup<StoreContext<Adapter>> {
  return {
    async open() {
      const { reopen, crash } = kit;
      const context: StoreContext<Adapter> = { adapter: await kit.create(), omits: kit.omits ?? [] };
      if (reopen) {
        context.reopen = async () => {
          context.adapter = await reopen(context.adapter);
          return context.adapter;
        };
      }
      if (crash) {
        context.crash = async () => {
          context.adapter = await crash(context.adapter);
          return context.adapter;
        };
      }
      return context;
    },
    async close({ adapter }) {
      if (kit.dispose) await kit.dispose(adapter);
      else await adapter.close?.();
    },
  };
}

/** For `needs`: the reason to skip when the store cannot be opened again. */
export const needsReopen = (context: { reopen?: unknown }): string | undefined =>
  context.reopen ? undefined : 'the kit was given no way to reopen this store';

/** For `needs`: the reason to skip when the store cannot be crashed. */
export const needsCrash = (context: { crash?: unknown }): string | undefined =>
  context.crash ? undefined : 'the kit was given no way to crash this store';
