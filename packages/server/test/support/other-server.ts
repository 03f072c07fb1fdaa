/** A server in a process of its own: keeps a relay in the folder that it is given, and prints the relay's process id. */
import { createRelayProcess } from '../../src/host-processes/relay-process.ts';

const [directory = '', orphanTtlMs = ''] = process.argv.slice(2);
const relay = createRelayProcess({
  directory,
  orphanTtlMs: Number(orphanTtlMs),
  environment: {},
  settings: () => ({ secret: Buffer.alloc(32).toString('base64'), upstreams: {} }),
  logger: { log() {} },
});
const { handshake } = await relay.ensure();
process.stdout.write(`${handshake.pid}\n`);
