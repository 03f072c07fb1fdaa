/** What the transport uses of a `ws` socket. */
export interface Socket {
  /** Bytes given to `send` that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  /** 1 is open. */
  readonly readyState: number;
  /** Calls back when the operating system took it, or with an error. */
  send(text: string, taken: (error?: Error) => void): void;
  ping(): void;
  /** Reads no more frames until `resume`. */
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'pong', listener: () => void): unknown;
}

export const OPEN = 1;
