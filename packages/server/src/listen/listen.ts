import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentServerError } from '@hhopkins/agent-protocol';

export interface Listening {
  readonly server: Server;
  readonly url: string;
  close(): Promise<void>;
}

const DRAIN_MS = 2000;

/** @throws AgentServerError `invalid_configuration` when the port is taken or the address is not of this machine. */
export async function listen(server: Server, host: string, port: number): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    server,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
      }),
  };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): AgentServerError {
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} on ${host} is taken by another program; end it or choose another port`,
    EADDRNOTAVAIL: `${host} is not an address of this machine`,
    EACCES: `port ${port} may not be used by this user; choose one above 1023`,
  };
  const message = reasons[error.code ?? ''] ?? `cannot listen on ${host}:${port}: ${error.message}`;
  return new AgentServerError('invalid_configuration', message, { cause: error });
}
