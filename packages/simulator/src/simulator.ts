import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import packageJson from '../package.json' with { type: 'json' };
import { createFailureMemory } from './http/failure-memory.ts';
import { handleModelRequest, type LogEntry } from './http/handler.ts';
import { createOrphanWatch } from './http/orphan-watch.ts';
import { respondJson } from './http/respond.ts';
import { ScenarioProblem } from './scenario/options.ts';
import { readScriptFile } from './scenario/script-file.ts';

export interface SimulatorOptions {
  /** Address to listen on; 127.0.0.1 by default. Script files are read only for a loopback address. */
  host?: string;
  /** 0, the default, takes a free port. */
  port?: number;
  /** Pace of answers that name none, in tokens a second; 100 by default. */
  rate?: number;
  /** Larger request bodies are refused with 413; 32 MiB by default. */
  maxBodyBytes?: number;
  /** Closes the simulator when it had no request for so long. Without it, it runs until `close`. */
  orphanTtlMs?: number;
  /** Called once for every request, after it was answered. */
  log?: (entry: LogEntry) => void;
}

export interface Simulator {
  /** Starts to listen. Rejects when the address cannot be had. */
  listen(): Promise<{ url: string; port: number }>;
  /** Ends every connection and stops listening. Safe to call twice. */
  close(): Promise<void>;
  /** Settles when the simulator has closed, by `close` or because nobody attended it. */
  readonly closed: Promise<void>;
}

/**
 * A stand-in for a model: it answers coding agents deterministically, as the `sim:` line of the last user message
 * says, with no key and no network.
 *
 * @example
 * const simulator = createSimulator();
 * const { url } = await simulator.listen();
 * // point an agent at it with ANTHROPIC_BASE_URL=url, and send it `sim:shell cmd="ls"`
 * await simulator.close();
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { host = '127.0.0.1', port = 0, rate = 100, maxBodyBytes = 32 * 1024 * 1024, log } = options;
  const settings = {
    rate,
    maxBodyBytes,
    failures: createFailureMemory(),
    readScript: isLoopback(host) ? readScriptFile : refuseScript,
  };
  let markClosed = (): void => {};
  const closed = new Promise<void>((resolve) => {
    markClosed = resolve;
  });
  let server: Server | undefined;
  let stopWatching = (): void => {};

  async function close(): Promise<void> {
    stopWatching();
    if (server?.listening) {
      server.close(() => markClosed());
      server.closeAllConnections();
    } else markClosed();
    await closed;
  }

  async function listen(): Promise<{ url: string; port: number }> {
    const watch = createOrphanWatch(options.orphanTtlMs, () => void close());
    stopWatching = watch.stop;
    server = createServer((incoming, response) => {
      const leave = watch.attend();
      response.once('close', leave);
      if (incoming.method === 'GET' && incoming.url === '/health') {
        respondJson(response, 200, {
          name: 'agent-simulator',
          version: packageJson.version,
          pid: process.pid,
        });
        return;
      }
      // What still rejects here is a request that broke off while it was read: there is nobody to answer.
      handleModelRequest(incoming, response, settings)
        .then(log)
        .catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server?.once('error', reject);
      server?.listen(port, host, resolve);
    }).catch((error) => {
      watch.stop();
      throw error;
    });
    const address = server.address() as AddressInfo;
    const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return { url: `http://${name}:${address.port}`, port: address.port };
  }

  return { listen, close, closed };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

async function refuseScript(): Promise<never> {
  throw new ScenarioProblem('Scripts are only read when the simulator listens on a loopback address.');
}
