/** Something that happened, for whoever runs the server. Never a key, a token or a body. */
export type RelayLog = (event: string, facts?: Readonly<Record<string, string | number>>) => void;

const LINES_A_MINUTE = 200;
const MINUTE_MS = 60_000;

/** JSON lines, so many a minute at most: what a sandbox does must not fill the disk. */
export function createLineLog(write: (line: string) => void, now: () => number = Date.now): RelayLog {
  let minute = 0;
  let written = 0;
  let leftOut = 0;
  return (event, facts) => {
    const time = now();
    if (time - minute >= MINUTE_MS) {
      const missing = leftOut;
      minute = time;
      written = 0;
      leftOut = 0;
      if (missing > 0) write(line(time, 'log:left-out', { lines: missing }));
    }
    if (written >= LINES_A_MINUTE) leftOut += 1;
    else write(line(time, event, facts));
    written += 1;
  };
}

function line(time: number, event: string, facts: Readonly<Record<string, string | number>> = {}): string {
  return `${JSON.stringify({ time: new Date(time).toISOString(), event, ...facts })}\n`;
}
