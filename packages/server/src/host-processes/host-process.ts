import { setTimeout as pause } from 'node:timers/promises';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { acquire, endHeld, type HostPlace } from './acquire.ts';
import { type AttendTimings, attend } from './attend.ts';
import { endProcess } from './end-process.ts';
import { createLatch } from './latch.ts';
import { launchFiles, readRecord } from './launch.ts';
import type { HostConnection } from './program.ts';

/** Times of the supervision, in milliseconds. */
export interface HostProcessTimings extends AttendTimings {
  /** The longest wait before a process that keeps ending is started again. */
  longestBackOffMs: number;
  /** A process that lived so long is started again at once. */
  stableMs: number;
}

/**
 * Where and how a host process runs. The directory holds its files and is made when it is not there; one process of a name a
 * directory. The environment is all that the process gets.
 */
export interface HostProcessOptions<Connection extends HostConnection> extends HostPlace<Connection> {
  timings?: Partial<HostProcessTimings> | undefined;
}

const TIMINGS: HostProcessTimings = {
  probeIntervalMs: 5_000,
  probeTimeoutMs: 10_000,
  longestBackOffMs: 10_000,
  stableMs: 30_000,
};
const FIRST_BACK_OFF_MS = 100;

/** A process that runs beside this server and outlives it, kept running as long as the server lives. */
export interface HostProcess<Connection extends HostConnection> {
  /**
   * Takes over the process that an earlier server left, or starts one, and keeps it running from then on.
   * Rejects when that fails; it is tried again all the same.
   */
  ensure(): Promise<Connection>;
  /** Undefined while the process is being started. */
  current(): Connection | undefined;
  /** `leave` lets go of it, `end` ends it unless another server uses it. Again without effect. */
  stop(options: { runs: 'leave' | 'end' }): Promise<void>;
  /** Called each time that a process is ready, the first one included. Returns how to be called no more. */
  onReady(listener: (connection: Connection) => void): () => void;
  /** Called each time that the process is lost while this server wants it. Returns how to be called no more. */
  onExit(listener: (lost: { pid: number }) => void): () => void;
}

export function createHostProcess<Connection extends HostConnection>(
  options: HostProcessOptions<Connection>,
): HostProcess<Connection> {
  const { program, directory, logger } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const stopping = new AbortController();
  const stop = stopping.signal;
  const readyListeners = new Set<(connection: Connection) => void>();
  const exitListeners = new Set<(lost: { pid: number }) => void>();
  let connection: Connection | undefined;
  let ready = createLatch<Connection>();
  let supervision: Promise<void> | undefined;
  // Another version is replaced once at most, so that two servers of different versions do not fight over it.
  let mayReplace = true;

  async function supervise(): Promise<void> {
    let failures = 0;
    while (!stop.aborted) {
      const startedAt = performance.now();
      await keepOne().catch((error: unknown) => {
        logger.log('warn', `${program.name} is not ready`, { error });
        ready.reject(error);
      });
      if (stop.aborted) break;
      connection?.close();
      connection = undefined;
      ready = createLatch();
      if (performance.now() - startedAt >= timings.stableMs) failures = 0;
      const backOffMs = failures === 0 ? 0 : FIRST_BACK_OFF_MS * 2 ** (failures - 1);
      failures += 1;
      await pause(Math.min(backOffMs, timings.longestBackOffMs), undefined, { signal: stop }).catch(() => {});
    }
    ready.reject(
      new AgentServerError('shutting_down', `The server stops, and ${program.name} is not kept running.`),
    );
  }

  /** One process, from its start or its being found to its loss. */
  async function keepOne(): Promise<void> {
    const { connection: held, started } = await acquire(options, mayReplace);
    connection = held;
    if (stop.aborted) return;
    if (started || held.handshake.version === program.version) mayReplace = false;
    await program.prepare?.(held);
    ready.resolve(held);
    for (const listener of readyListeners) listener(held);
    const outcome = await attend({ program, directory, connection: held, timings, mayReplace, stop });
    if (outcome === 'stopped') return;
    const { pid } = held.handshake;
    logger.log('warn', `${program.name} was ${outcome} and is started again`, { pid });
    for (const listener of exitListeners) listener({ pid });
  }

  async function end(): Promise<void> {
    if (connection && (await isUsedByOthers(connection))) {
      logger.log('info', `${program.name} is left running: another server uses it`);
      return;
    }
    if (connection) await endHeld(connection);
    const left = await readRecord(launchFiles(directory, program.name));
    if (left) await endProcess(left);
  }

  return {
    ensure() {
      supervision ??= supervise();
      return ready.promise;
    },
    current: () => connection,
    async stop({ runs }) {
      const begun = !stop.aborted && supervision !== undefined;
      stopping.abort();
      await supervision;
      if (begun && runs === 'end') await end();
      connection?.close();
      connection = undefined;
    },
    onReady: (listener) => subscribe(readyListeners, listener),
    onExit: (listener) => subscribe(exitListeners, listener),
  };
}

/** Asked twice, since the end of another connection may be noticed only after the first question. */
async function isUsedByOthers(connection: HostConnection): Promise<boolean> {
  try {
    return (await connection.usage()).otherServers > 0 && (await connection.usage()).otherServers > 0;
  } catch {
    return false;
  }
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
