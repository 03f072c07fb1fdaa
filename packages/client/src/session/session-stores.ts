import { createSessionStore, type SessionStore, type SessionStoreParts } from './session-store.ts';

/** The sessions this client knows, by id. */
export interface SessionStores {
  all(): Iterable<SessionStore>;
  find(sessionId: string): SessionStore | undefined;
  obtain(sessionId: string): SessionStore;
}

/** Sessions that nobody uses any more but that are kept, to be shown at once and resumed from where they were. */
const KEPT = 50;

export function createSessionStores(parts: Omit<SessionStoreParts, 'sessionId'>): SessionStores {
  const stores = new Map<string, SessionStore>();

  function forgetOldest(): void {
    const unused = [...stores].filter(([, store]) => !store.isUsed);
    for (const [sessionId] of unused.slice(0, -KEPT)) stores.delete(sessionId);
  }

  return {
    all: () => [...stores.values()],
    find: (sessionId) => stores.get(sessionId),
    obtain(sessionId) {
      const known = stores.get(sessionId);
      if (known) return known;
      const store = createSessionStore({ ...parts, sessionId });
      stores.set(sessionId, store);
      forgetOldest();
      return store;
    },
  };
}
