import { z } from 'zod';
import { AgentServerError, ERROR_CODES, type ErrorCode, type Issue, type Problem } from './error.ts';

export const errorCodeSchema = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]);

export const issueSchema = z.object({
  path: z.string(),
  message: z.string(),
}) satisfies z.ZodType<Issue>;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  errors: z.array(issueSchema).optional(),
}) satisfies z.ZodType<Problem>;

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
