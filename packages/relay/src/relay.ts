import type { Server } from 'node:net';
import { fingerprintOf, type RelayConfiguration } from './configuration.ts';
import { createControlServer } from './control/control-server.ts';
import type { ControlRequest, RelayHello, RelayStatus } from './control/messages.ts';
import { createLedger } from './limits/ledger.ts';
import { createRevocations } from './limits/revocations.ts';
import { listenIn } from './listen.ts';
import type { RelayLog } from './log.ts';
import { createOrphanWatch } from './orphan-watch.ts';
import { RELAY_NAME, RELAY_VERSION } from './program.ts';
import { createModelServer } from './proxy/model-server.ts';
import { createUpstreamConnections } from './proxy/upstream-connections.ts';

export interface RelayOptions {
  /** Folder of the relay's sockets, made when it is not there. One relay a folder. */
  directory: string;
  /** Closes the relay when no server was connected to it for so long, in milliseconds. Without it, it runs until `close`. */
  orphanTtlMs?: number | undefined;
  log?: RelayLog | undefined;
  /** Milliseconds since 1970; the system's clock by default. */
  now?: () => number;
}

export interface Relay {
  /** Rejects with `already_exists` when another relay listens in the folder. */
  listen(): Promise<void>;
  /** Breaks off what is under way and stops listening. Safe to call twice. */
  close(): Promise<void>;
  /** Resolves when the relay has closed: by `close`, by a server's `stop`, or because nobody attended it. */
  readonly closed: Promise<void>;
}

/**
 * Stands between sandboxes and models: sandboxes bring tokens, the relay holds the keys. It knows none until a server has
 * configured it over the control socket.
 */
export function createRelay(options: RelayOptions): Relay {
  const { directory, log = () => {}, now = Date.now } = options;
  const startedAt = now();
  const revocations = createRevocations();
  const ledger = createLedger(now);
  const connections = createUpstreamConnections();
  let configuration: RelayConfiguration | undefined;
  let fingerprint: string | null = null;
  let activeRequests = 0;
  let opening: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  let markClosed = (): void => {};
  const closed = new Promise<void>((resolve) => {
    markClosed = resolve;
  });

  const models = createModelServer({
    configuration: () => configuration,
    revocations,
    ledger,
    connections,
    now,
    log,
  });
  models.on('request', (_request, response) => {
    activeRequests += 1;
    response.once('close', () => {
      activeRequests -= 1;
    });
  });
  const hello = (): RelayHello => ({
    type: 'hello',
    name: RELAY_NAME,
    version: RELAY_VERSION,
    pid: process.pid,
    fingerprint,
  });
  const status = (): RelayStatus => ({
    attendants: control.attendants(),
    activeRequests,
    sessions: ledger.size,
    uptimeMs: now() - startedAt,
    fingerprint,
  });

  function perform(request: ControlRequest): RelayStatus | undefined {
    if (request.type === 'status') return status();
    if (request.type === 'stop') setImmediate(() => void close());
    if (request.type === 'revoke') revocations.add(request.revocation);
    if (request.type === 'configure') {
      configuration = request.configuration;
      fingerprint = fingerprintOf(configuration);
      for (const revocation of configuration.revoked) revocations.add(revocation);
      log('relay:configured', { providers: Object.keys(configuration.upstreams).join(' ') });
    }
    return undefined;
  }

  const watch = createOrphanWatch(options.orphanTtlMs, () => {
    log('relay:orphaned');
    void close();
  });
  const control = createControlServer({ hello, perform, attend: watch.attend });

  function close(): Promise<void> {
    closing ??= endEverything();
    return closing;
  }

  async function endEverything(): Promise<void> {
    watch.stop();
    // What is about to listen cannot be stopped before it does.
    await opening?.catch(() => {});
    for (const server of [control.server, models]) stopListening(server);
    control.disconnect();
    models.closeAllConnections();
    connections.close();
    configuration = undefined;
    log('relay:closed');
    markClosed();
  }

  async function listen(): Promise<void> {
    opening = listenIn(directory, { control: control.server, models });
    try {
      await opening;
    } catch (error) {
      await close();
      throw error;
    }
    log('relay:listening', { version: RELAY_VERSION, pid: process.pid });
  }

  return { listen, close, closed };
}

/** The file of its socket goes at once; its connections are the caller's affair. */
function stopListening(server: Server): void {
  if (server.listening) server.close();
}
