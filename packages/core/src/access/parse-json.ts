import { AgentServerError } from '@hhopkins/agent-protocol';

/** No honest input nests deeper, and whoever walks one by recursion must not run out of stack. */
const MAXIMUM_DEPTH = 200;

/**
 * Parses JSON from outside.
 *
 * @param where what was parsed, for the message, e.g. `body of POST /sessions/create`
 * @throws AgentServerError `invalid_request` when it is malformed or nested too deeply
 */
export function parseJson(text: string, where: string): unknown {
  if (depthOf(text) > MAXIMUM_DEPTH) {
    throw new AgentServerError('invalid_request', `${where}: nested deeper than ${MAXIMUM_DEPTH} levels`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AgentServerError('invalid_request', `${where}: not valid JSON`, { cause });
  }
}

/** Of the text, before anything is built from it. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
  }
  return deepest;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
