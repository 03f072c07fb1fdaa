import { fstatSync, ftruncateSync, writeSync } from 'node:fs';

export type LogLine = (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;

const STDERR = 2;
const LONGEST_LINE = 2_000;
const LONGEST_LOG_BYTES = 2 * 1024 * 1024;

/** Writes to stderr, which is a file when the runner is detached; a file that grew too long begins anew. */
export function createLog(now: () => Date = () => new Date()): LogLine {
  return (level, message) => {
    const line = message.replaceAll('\n', ' ').slice(0, LONGEST_LINE);
    try {
      const stats = fstatSync(STDERR);
      if (stats.isFile() && stats.size > LONGEST_LOG_BYTES) ftruncateSync(STDERR, 0);
      writeSync(STDERR, `${now().toISOString()} ${level} ${line}\n`);
    } catch {
      // There is nobody to tell.
    }
  };
}
