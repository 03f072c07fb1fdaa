import { AgentServerError, type ErrorCode } from '@hhopkins/agent-protocol/light';

/** The error of an answer that is no success: the server's own problem, or what a proxy in between must have meant. */
export async function errorOfResponse(response: Response): Promise<AgentServerError> {
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('json')) {
    const problem: unknown = await response.json().catch(() => undefined);
    const error = AgentServerError.fromProblem(problem);
    if (error.code !== 'protocol_error') return error;
  } else {
    // An unread body would keep its connection busy.
    await response.body?.cancel().catch(() => {});
  }
  const { status } = response;
  return new AgentServerError(
    CODES[status] ?? 'internal',
    `The answer was ${status}, from something in between.`,
    {
      details: { httpStatus: status },
    },
  );
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden_origin',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  429: 'rate_limited',
  502: 'connection_lost',
  503: 'connection_lost',
  504: 'timeout',
};
