import { setTimeout as pause } from 'node:timers/promises';
import { endHeld, isReplaceable } from './acquire.ts';
import { killProcess } from './end-process.ts';
import { launchFiles } from './launch.ts';
import { boundLog } from './log-file.ts';
import { identifyProcess, isAlive } from './process-identity.ts';
import type { HostConnection, HostProgram } from './program.ts';

export interface AttendTimings {
  /** Between two looks at the process. */
  probeIntervalMs: number;
  /** For its answer. */
  probeTimeoutMs: number;
}

export interface Attendance<Connection extends HostConnection> {
  program: HostProgram<Connection>;
  directory: string;
  connection: Connection;
  timings: AttendTimings;
  mayReplace: boolean;
  /** Ends the attendance, not the process. */
  stop: AbortSignal;
}

/** Probes that may fail in a row: one may be lost to a machine that is busy. */
const TOLERATED_FAILURES = 1;
const WATCH_INTERVAL_MS = 1_000;

/** Why a process is attended no more. All but the first have to be followed by another process. */
export type AttendanceEnd = 'stopped' | 'lost' | 'ended for not answering' | 'ended for another version';

/** Watches over a process until it is lost, and ends it when it does not answer any more. */
export async function attend<Connection extends HostConnection>(
  attendance: Attendance<Connection>,
): Promise<AttendanceEnd> {
  const { program, connection, timings, stop } = attendance;
  const log = launchFiles(attendance.directory, program.name).log;
  const over = new AbortController();
  const abort = (): void => over.abort();
  stop.addEventListener('abort', abort, { once: true });
  void connection.closed.then(abort);
  void watchProcess(connection.handshake.pid, over);
  try {
    for (let failures = 0; !stop.aborted; ) {
      await pause(timings.probeIntervalMs, undefined, { signal: over.signal }).catch(() => {});
      if (stop.aborted) break;
      if (over.signal.aborted) return 'lost';
      await boundLog(log).catch(() => {});
      failures = (await answers(connection, timings.probeTimeoutMs)) ? 0 : failures + 1;
      if (failures > TOLERATED_FAILURES) {
        const identity = await identifyProcess(connection.handshake.pid);
        if (identity) await killProcess(identity);
        return 'ended for not answering';
      }
      if (
        failures === 0 &&
        attendance.mayReplace &&
        (await isReplaceable(program, connection).catch(() => false))
      ) {
        await endHeld(connection);
        return 'ended for another version';
      }
    }
    return 'stopped';
  } finally {
    stop.removeEventListener('abort', abort);
    over.abort();
  }
}

/** Aborts when the process is gone: not every connection tells. */
async function watchProcess(pid: number, over: AbortController): Promise<void> {
  const identity = await identifyProcess(pid);
  while (identity && !over.signal.aborted && (await isAlive(identity))) {
    await pause(WATCH_INTERVAL_MS, undefined, { signal: over.signal }).catch(() => {});
  }
  over.abort();
}

async function answers(connection: HostConnection, milliseconds: number): Promise<boolean> {
  const late = new AbortController();
  const probed = connection.probe().then(
    () => true,
    () => false,
  );
  const timeout = pause(milliseconds, false, { signal: late.signal }).catch(() => false);
  const answered = await Promise.race([probed, timeout]);
  late.abort();
  return answered;
}
