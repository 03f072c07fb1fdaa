#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { createLineLog } from './log.ts';
import { createRelay } from './relay.ts';

const USAGE = `Usage: agent-relay --directory FOLDER [--orphan-ttl-ms 900000]

Passes model requests of sandboxes on, with keys that only it knows. A server brings them over FOLDER/control.sock;
sandboxes come through FOLDER/public/relay.sock. Prints {"pid":…} when it listens, and JSON lines to stderr.
Ends on SIGTERM or SIGINT, when a server says so, or when none was connected for --orphan-ttl-ms.
`;

const DEFAULT_ORPHAN_TTL_MS = 900_000;

function readArguments(): { directory: string; orphanTtlMs: number } | undefined {
  const { values } = parseArgs({
    options: {
      directory: { type: 'string' },
      'orphan-ttl-ms': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  if (!values.directory) throw new Error('--directory is missing. Name the folder of the sockets.');
  const given = values['orphan-ttl-ms'] ?? String(DEFAULT_ORPHAN_TTL_MS);
  const orphanTtlMs = Number(given);
  if (!Number.isInteger(orphanTtlMs) || orphanTtlMs < 1 || orphanTtlMs >= 2 ** 31) {
    throw new Error(`--orphan-ttl-ms must be a whole number from 1 to ${2 ** 31 - 1}, not "${given}".`);
  }
  return { directory: values.directory, orphanTtlMs };
}

async function main(): Promise<void> {
  const settings = readArguments();
  if (!settings) {
    process.stdout.write(USAGE);
    return;
  }
  // Others may pass through folders; whatever else is made is for this user, until it is opened to others on purpose.
  process.umask(0o066);
  const relay = createRelay({ ...settings, log: createLineLog((line) => process.stderr.write(line)) });
  process.once('SIGTERM', () => void relay.close());
  process.once('SIGINT', () => void relay.close());
  await relay.listen();
  process.stdout.write(`${JSON.stringify({ pid: process.pid })}\n`);
  await relay.closed;
}

main().catch((error: Error) => {
  process.stderr.write(`agent-relay: ${error.message}\n`);
  process.exitCode = 1;
});
