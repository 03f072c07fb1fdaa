/** Time, for the engine. Tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Calls back once after `milliseconds`; the returned function cancels. A process that has nothing else to do may end before,
   * unless `keepAlive`: for what somebody is waiting for.
   */
  schedule(milliseconds: number, callback: () => void, how?: { keepAlive?: boolean }): () => void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** The runner program, as files that are put into a sandbox. */
export interface RunnerProgram {
  /** Host folder that holds it, for providers that can mount. */
  readonly folder: string;
  /** File in the folder that Node runs. */
  readonly entry: string;
  /** The folder as a tar archive, for providers that cannot. */
  archive(): Promise<Uint8Array>;
}
