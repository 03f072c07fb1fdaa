/** What the store of a server under test does instead of its work, as the control file says. */
export interface StoreFault {
  mode: 'fail-before' | 'fail-after' | 'hang' | 'slow';
  /** Of `hang`: what is asked is done at once, and only the answer waits. */
  committed?: boolean;
  /** Of `hang`: what was asked meanwhile is never answered, instead of late. */
  silent?: boolean;
  /** Of `slow`: before each call, in milliseconds. */
  delayMs?: number;
}

/** A write with an epoch, as the audit of the harness has it: a line of JSON when it begins, another when it succeeded. */
export interface AuditLine {
  at: 'begin' | 'done';
  /** Unique with the server. */
  call: number;
  server: number;
  method: string;
  sessionId: string;
  epoch: number;
}
