import { registerHooks } from 'node:module';

const LOCK = /persistence-sqlite\/src\/lock\.ts$/;

/**
 * Lets two servers open one SQLite file, as they do with a store that is a server of its own: the lock that makes one of them
 * refuse is taken out of the module as it is loaded. Must be called before the store is imported.
 */
export function shareStore(): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!LOCK.test(url)) return loaded;
      const source = String(loaded.source).replace(
        'export function lockStore(file: string): () => void {',
        'export function lockStore(file: string): () => void {\n  if (file) return () => {};',
      );
      return { ...loaded, source };
    },
  });
}
