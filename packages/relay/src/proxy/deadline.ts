/** The one thing that is waited for at a time, with an end to it. */
export interface Deadline {
  /** Waits anew, for something else or for more of the same. After `stop` it does nothing. */
  expect(what: string, milliseconds: number): void;
  stop(): void;
}

export function createDeadline(onPassed: (what: string, milliseconds: number) => void): Deadline {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  return {
    expect(what, milliseconds) {
      clearTimeout(timer);
      if (!stopped) timer = setTimeout(() => onPassed(what, milliseconds), milliseconds);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
