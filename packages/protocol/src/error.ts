/** Every stable error code, with the HTTP status it is answered with and a title for people. */
export const ERROR_CODES = {
  invalid_request: [400, 'The request is not valid'],
  invalid_configuration: [500, 'The configuration is not valid'],
  unauthorized: [401, 'A valid key is required'],
  forbidden_origin: [403, 'This origin may not use the server'],
  not_found: [404, 'There is nothing here'],
  session_not_found: [404, 'There is no such session'],
  profile_not_found: [404, 'There is no such agent profile'],
  file_not_found: [404, 'There is no such file'],
  message_not_found: [404, 'There is no such queued message'],
  request_not_found: [404, 'There is no such permission or question request'],
  method_not_allowed: [405, 'This method is not supported here'],
  already_exists: [409, 'It exists already'],
  already_resolved: [409, 'The request has been answered already'],
  request_expired: [409, 'The request is no longer open'],
  not_running: [409, 'Nothing is running'],
  session_terminated: [410, 'The session has ended'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The content type is not supported'],
  idempotency_key_reused: [422, 'The key was used with another body'],
  unknown_architecture: [422, 'No agent of this architecture is configured'],
  capacity: [429, 'The server is at its limit'],
  queue_full: [429, 'The queue of this session is full'],
  rate_limited: [429, 'Too many requests'],
  agent_not_installed: [503, 'The agent is not installed'],
  package_not_installed: [503, 'A package is not installed'],
  sandbox_unavailable: [503, 'No sandbox can be had'],
  capability_missing: [501, 'The chosen part cannot do this'],
  not_owner: [503, 'Another server runs this session'],
  stale_epoch: [503, 'Another server has taken over this session'],
  head_mismatch: [503, 'The log moved on'],
  duplicate_command: [409, 'The command is known already'],
  journal_unknown: [409, 'The runner does not have this journal'],
  journal_full: [507, 'The journal of the sandbox is full'],
  store_unavailable: [503, 'The store cannot be reached'],
  store_locked: [503, 'Another server uses this store'],
  event_too_large: [413, 'An event is too large for the log'],
  shutting_down: [503, 'The server is stopping'],
  timeout: [504, 'It took too long'],
  connection_lost: [503, 'The connection was lost'],
  protocol_error: [400, 'The peer broke the protocol'],
  version_unsupported: [400, 'The peer speaks no common version'],
  agent_lost: [502, 'The agent ended unexpectedly'],
  agent_error: [502, 'The agent reported an error'],
  model_error: [502, 'The model reported an error'],
  runner_lost: [502, 'The runner ended unexpectedly'],
  sandbox_lost: [502, 'The sandbox was lost'],
  sandbox_not_found: [404, 'There is no such sandbox'],
  turn_timeout: [504, 'The turn showed no sign of life'],
  internal: [500, 'Something went wrong on our side'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One fault of an input, where it is and what is wrong. */
export interface Issue {
  path: string;
  message: string;
}

/** RFC 9457 problem details, the body of every error answer. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: Issue[] | undefined;
}

/** What an error may carry beside its code and message. */
export interface ErrorExtra {
  cause?: unknown;
  issues?: readonly Issue[] | undefined;
  details?: Readonly<Record<string, unknown>> | undefined;
  /** Of a code that a newer peer knows and this version does not. */
  status?: number | undefined;
}

const marker = Symbol.for('@hhopkins/agent-protocol.AgentServerError');

/**
 * The one error family of all packages. Branch on `code`; `message` says what was wrong, where, and what to do.
 *
 * @example
 * try { await engine.sendMessage(id, body) }
 * catch (error) { if (AgentServerError.isInstance(error) && error.code === 'session_not_found') … }
 */
export class AgentServerError extends Error {
  readonly code: ErrorCode;
  readonly issues: readonly Issue[] | undefined;
  /** Extra facts that are safe to show, e.g. `{ position: 3 }`. */
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** HTTP status of the code. */
  readonly status: number;

  constructor(code: ErrorCode, message: string, extra: ErrorExtra = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'AgentServerError';
    this.code = code;
    this.issues = extra.issues;
    this.details = extra.details;
    this.status = ERROR_CODES[code]?.[0] ?? extra.status ?? ERROR_CODES.internal[0];
    Object.defineProperty(this, marker, { value: true });
  }

  /** True for errors of this family, even from another copy of this package. */
  static isInstance(value: unknown): value is AgentServerError {
    return value instanceof Error && marker in value;
  }

  /** The error itself when it is of the family, else an `internal` one with it as the cause. */
  static from(value: unknown, fallback: ErrorCode = 'internal'): AgentServerError {
    if (AgentServerError.isInstance(value)) return value;
    return new AgentServerError(fallback, ERROR_CODES[fallback][1], { cause: value });
  }

  /**
   * The error that a peer's problem stands for. A code that this version does not know stays as it came, with the status it
   * came with; what is no problem at all becomes `protocol_error`.
   */
  static fromProblem(problem: unknown): AgentServerError {
    if (!isProblem(problem))
      return new AgentServerError('protocol_error', 'The peer sent a malformed error.');
    const { type: _, title, status, code, detail, errors, ...details } = problem;
    return new AgentServerError(code as ErrorCode, String(detail ?? title ?? code), {
      status: Number(status) || undefined,
      ...(Array.isArray(errors) ? { issues: errors as Issue[] } : {}),
      ...(Object.keys(details).length > 0 ? { details } : {}),
    });
  }

  toProblem(): Problem {
    return {
      type: `urn:agent-server:problem:${this.code}`,
      title: ERROR_CODES[this.code]?.[1] ?? ERROR_CODES.internal[1],
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(this.issues ? { errors: [...this.issues] } : {}),
      ...this.details,
    };
  }
}

const isProblem = (value: unknown): value is Record<string, unknown> & { code: string } =>
  typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string';
