import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@hhopkins/agent-core';
import { onTestFinished, vi } from 'vitest';
import type { HostProcess, HostProcessTimings } from '../../src/host-processes/host-process.ts';
import { identifyProcess } from '../../src/host-processes/process-identity.ts';
import type { HostConnection } from '../../src/host-processes/program.ts';
import { createRelayProcess, type RelayProcessOptions } from '../../src/host-processes/relay-process.ts';
import { createSimulatorProcess } from '../../src/host-processes/simulator-process.ts';

/** Nothing that a test starts lives longer, whatever becomes of the test. */
export const ORPHAN_TTL_MS = 60_000;
export const QUICK: Partial<HostProcessTimings> = { probeIntervalMs: 50, probeTimeoutMs: 10_000 };
const SIMULATOR_PROGRAM = fileURLToPath(new URL('../../../simulator/src/bin.ts', import.meta.url));

export interface LogLine {
  level: string;
  message: string;
}

export function createTestLogger(): Logger & { lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, log: (level, message) => void lines.push({ level, message }) };
}

export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'host-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A relay's supervision, ended with the test. */
export function relayIn(directory: string, options: Partial<RelayProcessOptions> = {}) {
  const relay = createRelayProcess({
    directory,
    orphanTtlMs: ORPHAN_TTL_MS,
    environment: {},
    settings: () => ({ secret: Buffer.alloc(32).toString('base64'), upstreams: {} }),
    logger: createTestLogger(),
    timings: QUICK,
    ...options,
  });
  return endedWithTest(relay);
}

/** A simulator's supervision, ended with the test. */
export function simulatorIn(directory: string) {
  const simulator = createSimulatorProcess({
    program: SIMULATOR_PROGRAM,
    directory,
    orphanTtlMs: ORPHAN_TTL_MS,
    environment: {},
    logger: createTestLogger(),
    timings: QUICK,
  });
  return endedWithTest(simulator);
}

export function endedWithTest<Connection extends HostConnection>(
  hostProcess: HostProcess<Connection>,
): HostProcess<Connection> {
  onTestFinished(() => hostProcess.stop({ runs: 'end' }));
  return hostProcess;
}

/** Waits until there is no such process any more. */
export async function gone(pid: number): Promise<void> {
  await eventually(async () => {
    if (await identifyProcess(pid)) throw new Error(`Process ${pid} is still there.`);
  });
}

/** Resolves with what the function gives, once it no longer throws. */
export function eventually<Value>(attempt: () => Value | Promise<Value>): Promise<Value> {
  return vi.waitFor(attempt, { timeout: 20_000, interval: 20 });
}
