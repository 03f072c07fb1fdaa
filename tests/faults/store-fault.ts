/** What the store of a server under test does instead of its work, as the control file says. */
export interface StoreFault {
  mode: 'fail-before' | 'fail-after' | 'hang' | 'slow';
  /** Of `hang`: what was asked meanwhile is never done nor answered, instead of late. */
  silent?: boolean;
  /** Of `slow`: before each call, in milliseconds. */
  delayMs?: number;
}

/** A successful append, as the audit of the harness has it: a line of JSON each. */
export interface AuditLine {
  sessionId: string;
  epoch: number;
  /** After the append. */
  head: number;
  events: number;
  server: number;
}
