import { createAccessPolicy, type EventBus, isLoopback, type Sessions } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { createHttpTransport, createNodeServer, type HttpTransport } from '@hhopkins/agent-transport-http';
import { createWebSocketTransport, type WebSocketTransport } from '@hhopkins/agent-transport-ws';
import type { Hono } from 'hono';
import { type Assembly, assemble } from './assemble.ts';
import { type Listening, listen } from './listen/listen.ts';
import { consoleLogger } from './log/console-logger.ts';
import type { RuntimeConfig } from './types.ts';
import { VERSION } from './version.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 3000;

/** How a runtime ends: `leave` lets runs go on in their sandboxes for the next server, `end` saves and ends them all. */
export interface StopOptions {
  runs?: 'leave' | 'end' | undefined;
}

/**
 * A server from one configuration: session engine, REST and WebSocket on one port.
 *
 * @example
 * const runtime = new AgentRuntime({ persistence: sqlitePersistence({ file: 'agents.db' }) });
 * await runtime.start();
 * runtime.events.on('turn:completed', ({ context }) => console.log(`${context.sessionId} is done`));
 */
export class AgentRuntime {
  readonly #config: RuntimeConfig;
  readonly #assembly: Assembly;
  readonly #http: HttpTransport;
  readonly #sockets: WebSocketTransport;
  #listening: Listening | undefined;
  #stopping: Promise<void> | undefined;

  /** Makes the parts and does nothing with them: `start()` does. */
  constructor(config: RuntimeConfig) {
    this.#config = config;
    const logger = config.logger ?? consoleLogger(config.logLevel);
    this.#assembly = assemble(config, logger);
    const { engine } = this.#assembly;
    const access = createAccessPolicy({ ...config.auth, bind: config.host ?? DEFAULT_HOST });
    this.#sockets = createWebSocketTransport({ engine, access, logger });
    this.#http = createHttpTransport({
      engine,
      access,
      logger,
      healthInfo: { version: VERSION, store: storeName(config) },
      metrics: () => this.#sockets.metrics(),
    });
  }

  /** The REST app, to mount elsewhere; WebSockets need `start()`. */
  get app(): Hono {
    return this.#http.app as unknown as Hono;
  }

  get sessions(): Sessions {
    return this.#assembly.engine.sessions;
  }

  /** Committed events, for code in this process. */
  get events(): EventBus {
    return this.#assembly.engine.events;
  }

  get status() {
    return this.#assembly.engine.status();
  }

  /** Where it listens, once started. */
  get url(): string | undefined {
    return this.#listening?.url;
  }

  /**
   * Opens the store, takes up what an earlier server left running, and listens. Neither sandbox service nor model is called.
   * @throws AgentServerError `invalid_configuration`, `store_locked`, `store_unavailable`
   */
  async start(): Promise<void> {
    const { host = DEFAULT_HOST, websocketPort = DEFAULT_PORT } = this.#config;
    this.#refuseOpenDoors(host);
    const { engine, models } = this.#assembly;
    try {
      await engine.start();
      await models.start();
      const server = createNodeServer(this.#http);
      this.#sockets.attach(server);
      this.#listening = await listen(server, host, websocketPort);
    } catch (error) {
      await this.stop({ runs: 'leave' });
      throw error;
    }
  }

  /**
   * Is no longer ready, sends clients away to reconnect, flushes everything, closes what was opened here. The store is closed,
   * not emptied.
   */
  stop({ runs = 'leave' }: StopOptions = {}): Promise<void> {
    this.#stopping ??= (async () => {
      const { engine, models, sandboxes } = this.#assembly;
      // Both begin at once: nobody who is sent away finds this server ready.
      await Promise.all([this.#sockets.close(), engine.stop({ runs })]);
      await this.#listening?.close();
      await models.stop({ runs });
      await sandboxes.close?.();
      await this.#config.persistence.close?.();
    })();
    return this.#stopping;
  }

  #refuseOpenDoors(host: string): void {
    if (isLoopback(host)) return;
    if (!this.#config.auth?.apiKey) {
      throw new AgentServerError(
        'invalid_configuration',
        `host: ${host} can be reached from elsewhere, so an API key is needed: set auth.apiKey (API_KEY)`,
      );
    }
    if (this.#assembly.sandboxes.isolation === 'none' && !this.#config.allowUnisolated) {
      throw new AgentServerError(
        'invalid_configuration',
        `host: ${host} can be reached from elsewhere, and agents are not isolated from this machine: use a sandbox that isolates, or say allowUnisolated (ALLOW_UNISOLATED=1)`,
      );
    }
  }
}

function storeName({ persistence }: RuntimeConfig): string {
  return persistence.name ?? persistence.constructor?.name ?? 'custom';
}
