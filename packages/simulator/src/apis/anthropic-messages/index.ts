import type { WireApi } from '../wire-api.ts';
import { errorBody } from './error.ts';
import { streamFrames } from './frames.ts';
import { buildMessage } from './message.ts';
import { parseRequest } from './request.ts';

const MESSAGES = /\/v1\/messages$/;
const COUNT = /\/v1\/messages\/count_tokens$/;

/** The Anthropic Messages API, as Claude Code speaks it. */
export const anthropicMessages: WireApi = {
  name: 'anthropic-messages',
  owns: (pathname) => /\/v1\/messages(\/|$)/.test(pathname),
  operation(method, pathname) {
    if (method !== 'POST') return undefined;
    if (MESSAGES.test(pathname)) return 'generate';
    return COUNT.test(pathname) ? 'count' : undefined;
  },
  parse: parseRequest,
  tokenCount: ({ inputTokens }) => ({ input_tokens: inputTokens }),
  message: buildMessage,
  frames: streamFrames,
  error: errorBody,
};
