import { parseJson } from '@hhopkins/agent-core';
import {
  AgentServerError,
  type ClientFrame,
  clientFrameSchema,
  idSchema,
  parseOrThrow,
} from '@hhopkins/agent-protocol';

/** A frame that could not be read, with as much of it as an answer needs. */
export interface BadFrame {
  id: string | undefined;
  sessionId: string | undefined;
  error: unknown;
}

const TYPES: ReadonlySet<unknown> = new Set(
  clientFrameSchema.options.map((option) => option.shape.type.value),
);

/** Reads what a client sent. Never throws: whatever it is, the connection lives on. */
export function readFrame(
  data: unknown,
  maximumBytes: number,
): { frame: ClientFrame; bad?: undefined } | { bad: BadFrame; frame?: undefined } {
  let value: unknown;
  try {
    if (typeof data !== 'string') throw invalid('Binary frames are not understood; send JSON as text.');
    if (isLonger(data, maximumBytes)) {
      throw new AgentServerError('payload_too_large', `The frame is longer than ${maximumBytes} bytes.`);
    }
    value = parseJson(data, 'frame');
    const type = property(value, 'type');
    if (!TYPES.has(type)) throw invalid(`The frame's type must be one of ${[...TYPES].join(', ')}.`);
    const ofType = clientFrameSchema.options.filter((option) => option.shape.type.value === type);
    // The one that knows the frame's own discriminating property names the fault best.
    const schema = ofType.find(
      (option) => 'sessions' in option.shape === (property(value, 'sessions') !== undefined),
    );
    return {
      frame: parseOrThrow(schema ?? clientFrameSchema, value, `frame ${String(type)}`) as ClientFrame,
    };
  } catch (error) {
    return { bad: { id: idOf(value, 'id'), sessionId: idOf(value, 'sessionId'), error } };
  }
}

const invalid = (message: string): AgentServerError => new AgentServerError('invalid_request', message);

/** Most frames are far below the limit: only those near it are measured. */
const isLonger = (text: string, bytes: number): boolean =>
  text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

function idOf(value: unknown, name: string): string | undefined {
  const parsed = idSchema.safeParse(property(value, name));
  return parsed.success ? parsed.data : undefined;
}
