import { type FileHandle, open } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { basename, dirname, relative } from 'node:path';
import { pipeline } from 'node:stream';
import { AgentServerError } from '@hhopkins/agent-protocol';

/** A loopback port that leads to the model relay's socket, for agents that know only URLs. */
export interface ModelBridge {
  readonly url: string;
  close(): Promise<void>;
}

/** Connections at once, a count; an agent with its subagents needs a few. */
const MOST_CONNECTIONS = 128;
/** What fits into a socket's address on every system, in bytes. */
const LONGEST_SOCKET_PATH = 100;

/** @param relaySocket absolute path of the relay's unix socket */
export async function openModelBridge(relaySocket: string): Promise<ModelBridge> {
  const short = await shortenSocketPath(relaySocket);
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const relay = connect({ path: short.path, allowHalfOpen: true });
    // A side that fails takes the other with it; the agent sees a broken connection and tries again.
    pipeline(client, relay, client, () => {
      client.destroy();
      relay.destroy();
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.close();
      await short.release();
    },
  };
}

/** A path to the same socket that its address can hold: relative, or through the open folder. */
async function shortenSocketPath(path: string): Promise<{ path: string; release(): Promise<void> }> {
  const fits = (candidate: string) => Buffer.byteLength(candidate) <= LONGEST_SOCKET_PATH;
  const candidate = [path, relative(process.cwd(), path)].find(fits);
  if (candidate) return { path: candidate, release: async () => {} };
  if (process.platform !== 'linux') {
    throw new AgentServerError(
      'invalid_configuration',
      `the path of the relay's socket is too long: ${path}`,
    );
  }
  const folder: FileHandle = await open(dirname(path), 'r');
  return {
    path: `/proc/self/fd/${folder.fd}/${basename(path)}`,
    release: () => folder.close(),
  };
}
