import { z } from 'zod';

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
export const errorCodeSchema = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]);

/** One fault of an input, where it is and what is wrong. */
export const issueSchema = z.object({ path: z.string(), message: z.string() });
export type Issue = z.infer<typeof issueSchema>;

/** RFC 9457 problem details, the body of every error answer. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  errors: z.array(issueSchema).optional(),
});
export type Problem = z.infer<typeof problemSchema>;

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

  constructor(
    code: ErrorCode,
    message: string,
    extra: { cause?: unknown; issues?: readonly Issue[]; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'AgentServerError';
    this.code = code;
    this.issues = extra.issues;
    this.details = extra.details;
    Object.defineProperty(this, marker, { value: true });
  }

  /** HTTP status of the code. */
  get status(): number {
    return ERROR_CODES[this.code][0];
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

  toProblem(): Problem {
    const [status, title] = ERROR_CODES[this.code];
    return {
      type: `urn:agent-server:problem:${this.code}`,
      title,
      status,
      code: this.code,
      detail: this.message,
      ...(this.issues ? { errors: [...this.issues] } : {}),
      ...this.details,
    };
  }
}

/**
 * Parses `value`, or throws `invalid_request` naming each fault.
 *
 * @param where what was parsed, for the message, e.g. `body of POST /sessions/create`
 */
export function parseOrThrow<Output>(schema: z.ZodType<Output>, value: unknown, where: string): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidRequest(result.error, where);
}

/** The `invalid_request` that a zod error stands for. */
export function invalidRequest(error: z.ZodError, where: string): AgentServerError {
  const issues = error.issues.slice(0, 20).map((issue) => ({
    path: issue.path.map(String).join('.'),
    message: issue.message,
  }));
  const first = issues[0];
  const summary = first ? `${first.path ? `${first.path}: ` : ''}${first.message}` : 'invalid';
  return new AgentServerError('invalid_request', `${where}: ${summary}`, { issues });
}
