import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { PersistenceAdapter } from '@hhopkins/agent-server/types';
import type { Settings } from './settings.ts';

/** How each form of `DATABASE_URL` becomes a store. Packages are loaded only when they are asked for. */
const STORES: Record<string, (url: string, settings: Settings) => Promise<PersistenceAdapter>> = {
  async memory() {
    const { memoryPersistence } = await import('@hhopkins/agent-persistence-memory');
    return memoryPersistence();
  },
  async sqlite(url) {
    const { sqlitePersistence } = await import('@hhopkins/agent-persistence-sqlite');
    const file = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return sqlitePersistence({ file });
  },
  postgres: (url) => load('@hhopkins/agent-persistence-postgres', 'postgresPersistence', { url }),
  postgresql: (url) => load('@hhopkins/agent-persistence-postgres', 'postgresPersistence', { url }),
  mongodb: (url) => load('@hhopkins/agent-persistence-mongodb', 'mongodbPersistence', { url }),
  'mongodb+srv': (url) => load('@hhopkins/agent-persistence-mongodb', 'mongodbPersistence', { url }),
  convex: (url) =>
    load('@hhopkins/agent-persistence-convex', 'convexPersistence', { url: url.slice('convex:'.length) }),
};

/** The store that the settings name. Nothing is opened yet. */
export async function storeOf(settings: Settings): Promise<PersistenceAdapter> {
  const url = settings.DATABASE_URL ?? `sqlite:${join(settings.DATA_DIR, 'agent-server.db')}`;
  const scheme = url.slice(0, Math.max(0, url.indexOf(':')));
  const store = STORES[scheme];
  if (!store) {
    const known = 'sqlite:<file>, memory:, postgres://…, mongodb://…, convex:https://…';
    throw new AgentServerError(
      'invalid_configuration',
      `DATABASE_URL: "${scheme}:" is not a known store; use one of ${known}`,
    );
  }
  return store(url, settings);
}

/**
 * Loads an adapter that this package does not depend on.
 * @throws AgentServerError `package_not_installed` with the npm line
 */
export async function load<Adapter>(name: string, factory: string, options: object): Promise<Adapter> {
  let loaded: Record<string, (options: object) => Adapter>;
  try {
    loaded = await import(name);
  } catch (cause) {
    throw new AgentServerError(
      'package_not_installed',
      `The settings need ${name}, which is not installed: npm install ${name}`,
      { cause },
    );
  }
  const create = loaded[factory];
  if (!create)
    throw new AgentServerError(
      'package_not_installed',
      `${name} has no ${factory}: it is of another version; npm install ${name}@latest`,
    );
  return create(options);
}
