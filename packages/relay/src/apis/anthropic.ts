import type { ModelApi } from './model-api.ts';

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
};

/** The Anthropic Messages API. With its nonessential traffic off, Claude Code asks for nothing else. */
export const anthropic: ModelApi = {
  provider: 'anthropic',
  owns: (pathname) => pathname.startsWith('/v1/messages'),
  allowed: new Set(['POST /v1/messages', 'POST /v1/messages/count_tokens']),
  token(headers) {
    const key = headers['x-api-key'];
    if (typeof key === 'string') return key;
    return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  },
  credentials: ['x-api-key', 'authorization'],
  authorization: (apiKey) => ({ 'x-api-key': apiKey }),
  error: (status, code, message) => ({
    type: 'error',
    error: { type: ERROR_TYPES[status] ?? 'api_error', message, code },
  }),
  // Inside of text and of streamed tool input the quotes are escaped, so that only the real field has this form.
  outputTokens: /"output_tokens"\s*:\s*(\d+)/g,
  streamedPiece: 'event: content_block_delta',
};
