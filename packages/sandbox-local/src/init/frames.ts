import { Buffer } from 'node:buffer';

/*
 * The exec protocol between a provider and the init of a sandbox, over one unix socket connection a process.
 *
 * A frame is its type (1 byte), the length of its payload (4 bytes, big endian) and the payload. The caller sends START;
 * the init answers STARTED, or REFUSED. From then on each of the three streams flows by itself: a side sends at most as
 * many bytes of a stream as the other granted, WINDOW_BYTES at the start and then what CREDIT adds, so that one unread
 * stream blocks neither the others nor the connection. END closes a stream: stdin from the caller is a half-close, stdin
 * from the init says that nobody reads it any more. EXIT comes as soon as the process ended, even while a descendant of it
 * still holds its output.
 */
export const FRAME = {
  start: 1,
  data: 2,
  end: 3,
  credit: 4,
  started: 5,
  exit: 6,
  refused: 7,
} as const;

export const STREAM = { stdin: 0, stdout: 1, stderr: 2 } as const;

/** Bytes of one stream that may be under way before the reader grants more. */
export const WINDOW_BYTES = 256 * 1024;
/** Bytes of a stream in one frame. */
export const CHUNK_BYTES = 64 * 1024;
const MAXIMUM_PAYLOAD_BYTES = 4 * 1024 * 1024;
const HEADER_BYTES = 5;

export interface Frame {
  type: number;
  payload: Buffer;
}

/** What START carries, as JSON. */
export interface StartRequest {
  argv: string[];
  cwd?: string | undefined;
  environment?: Readonly<Record<string, string>> | undefined;
}

/** What EXIT carries, as JSON. */
export interface ExitReport {
  code: number | null;
  signal: string | null;
}

export function encodeFrame(type: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt8(type, 0);
  frame.writeUInt32BE(payload.length, 1);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

export function encodeJson(type: number, value: unknown): Buffer {
  return encodeFrame(type, Buffer.from(JSON.stringify(value)));
}

export function encodeData(stream: number, bytes: Uint8Array): Buffer {
  const payload = Buffer.allocUnsafe(1 + bytes.length);
  payload.writeUInt8(stream, 0);
  payload.set(bytes, 1);
  return encodeFrame(FRAME.data, payload);
}

export function encodeEnd(stream: number): Buffer {
  return encodeFrame(FRAME.end, Uint8Array.of(stream));
}

export function encodeCredit(stream: number, bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(5);
  payload.writeUInt8(stream, 0);
  payload.writeUInt32BE(bytes, 1);
  return encodeFrame(FRAME.credit, payload);
}

/** Cuts a byte stream into frames. Throws on a frame that is too large; what it holds is bounded by that. */
export function frameDecoder(): (chunk: Uint8Array) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    let offset = 0;
    while (rest.length - offset >= HEADER_BYTES) {
      const length = rest.readUInt32BE(offset + 1);
      if (length > MAXIMUM_PAYLOAD_BYTES) {
        throw new Error(`A frame of ${length} bytes is over the limit of ${MAXIMUM_PAYLOAD_BYTES}`);
      }
      const end = offset + HEADER_BYTES + length;
      if (rest.length < end) break;
      frames.push({ type: rest.readUInt8(offset), payload: rest.subarray(offset + HEADER_BYTES, end) });
      offset = end;
    }
    rest = Buffer.from(rest.subarray(offset));
    return frames;
  };
}
