import { AgentServerError } from './error.ts';
import { LIMITS } from './limits.ts';

/** A value as one line of JSON, newline included. */
export const encodeLine = (value: unknown): string => `${JSON.stringify(value)}\n`;

export interface LineDecoder {
  /** The complete lines that `chunk` finishes, parsed; blank lines are skipped. */
  push(chunk: Uint8Array): unknown[];
}

/**
 * Splits bytes into lines of JSON, whatever the chunk borders.
 *
 * @param where named in errors, e.g. `runner connection`
 * @param maximumBytes longest line; a longer one is a `protocol_error`, so that a peer cannot fill the memory
 */
export function createLineDecoder(where: string, maximumBytes: number = LIMITS.runnerFrame): LineDecoder {
  let parts: Uint8Array[] = [];
  let buffered = 0;

  const parse = (line: Uint8Array): unknown => {
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
    } catch (cause) {
      throw new AgentServerError('protocol_error', `${where}: a line of ${line.length} bytes is not JSON`, {
        cause,
      });
    }
  };

  const finish = (tail: Uint8Array): Uint8Array => {
    if (parts.length === 0) return tail;
    const line = new Uint8Array(buffered + tail.length);
    let at = 0;
    for (const part of [...parts, tail]) {
      line.set(part, at);
      at += part.length;
    }
    parts = [];
    buffered = 0;
    return line;
  };

  return {
    push(chunk) {
      const values: unknown[] = [];
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        const line = finish(chunk.subarray(start, end));
        start = end + 1;
        if (line.length > 0) values.push(parse(line));
      }
      const rest = chunk.subarray(start);
      if (rest.length > 0) {
        // A copy: the caller may reuse its buffer.
        parts.push(rest.slice());
        buffered += rest.length;
      }
      if (buffered > maximumBytes) {
        throw new AgentServerError('protocol_error', `${where}: a line is longer than ${maximumBytes} bytes`);
      }
      return values;
    },
  };
}
