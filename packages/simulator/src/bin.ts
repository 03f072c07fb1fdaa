#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { createSimulator } from './simulator.ts';

const USAGE = `Usage: agent-simulator [--port N] [--host 127.0.0.1] [--rate TOKENS_A_SECOND] [--orphan-ttl-ms N] [--verbose]

Answers coding agents in place of a model, with no key and no network.
Prints {"url":…,"port":…} when it listens; ends on SIGTERM or SIGINT, or when it had no request for --orphan-ttl-ms.
--verbose writes a JSON line a request to stderr.
`;

function readArguments() {
  const { values } = parseArgs({
    options: {
      host: { type: 'string' },
      port: { type: 'string' },
      rate: { type: 'string' },
      'orphan-ttl-ms': { type: 'string' },
      verbose: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  return {
    help: values.help ?? false,
    verbose: values.verbose ?? false,
    host: values.host,
    port: readNumber('--port', values.port, 0, 65_535),
    rate: readNumber('--rate', values.rate, 0.1, 1_000_000),
    orphanTtlMs: readNumber('--orphan-ttl-ms', values['orphan-ttl-ms'], 1, 2 ** 31 - 1),
  };
}

function readNumber(name: string, given: string | undefined, min: number, max: number): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() !== '' && value >= min && value <= max) return value;
  throw new Error(`${name} must be a number from ${min} to ${max}, not "${given}".`);
}

async function main(): Promise<void> {
  const { help, verbose, ...options } = readArguments();
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const log = verbose
    ? (entry: object) => void process.stderr.write(`${JSON.stringify(entry)}\n`)
    : undefined;
  const simulator = createSimulator({ ...options, log });
  process.once('SIGTERM', () => void simulator.close());
  process.once('SIGINT', () => void simulator.close());
  const address = await simulator.listen();
  process.stdout.write(`${JSON.stringify(address)}\n`);
  await simulator.closed;
}

main().catch((error: Error) => {
  process.stderr.write(`agent-simulator: ${error.message}\n`);
  process.exitCode = 1;
});
