import type { Logger, LogLevel } from '@hhopkins/agent-core';

const ORDER: Record<LogLevel | 'silent', number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/** One line an entry on stderr: time, level, message, fields as JSON. Errors show code, message and, at `debug`, the stack. */
export function consoleLogger(level: LogLevel | 'silent' = 'info'): Logger {
  const threshold = ORDER[level];
  return {
    log(at, message, fields = {}) {
      if (ORDER[at] < threshold) return;
      const shown = Object.entries(fields).map(([key, value]) => ` ${key}=${show(value, threshold === 0)}`);
      process.stderr.write(`${new Date().toISOString()} ${at.padEnd(5)} ${message}${shown.join('')}\n`);
    },
  };
}

function show(value: unknown, withStack: boolean): string {
  if (value instanceof Error) {
    const code = 'code' in value ? `${String(value.code)}: ` : '';
    const cause = value.cause instanceof Error ? ` (${value.cause.message})` : '';
    return JSON.stringify(withStack ? value.stack : `${code}${value.message}${cause}`);
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(JSON.stringify(value));
}
