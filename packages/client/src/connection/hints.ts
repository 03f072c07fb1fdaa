/** Moments at which it is worth trying at once. */
export interface Hints {
  /** Returns what ends it. */
  subscribe(listener: () => void): () => void;
}

interface Target {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

/**
 * The network came or went, or the page is looked at again. Nothing waits for these: browsers are wrong about the network
 * often enough. Elsewhere than in a browser there are none.
 */
export const browserHints: Hints = {
  subscribe(listener) {
    const scope = globalThis as unknown as Partial<Target> & {
      document?: Target & { visibilityState: string };
    };
    const { document } = scope;
    const onVisible = () => {
      if (document?.visibilityState === 'visible') listener();
    };
    const target = typeof scope.addEventListener === 'function' ? (scope as Target) : undefined;
    target?.addEventListener('online', listener);
    target?.addEventListener('offline', listener);
    document?.addEventListener('visibilitychange', onVisible);
    return () => {
      target?.removeEventListener('online', listener);
      target?.removeEventListener('offline', listener);
      document?.removeEventListener('visibilitychange', onVisible);
    };
  },
};
