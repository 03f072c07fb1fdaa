import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openProcess } from '../src/exec/open-process.ts';
import {
  encodeData,
  encodeFrame,
  encodeJson,
  FRAME,
  frameDecoder,
  STREAM,
  WINDOW_BYTES,
} from '../src/init/frames.ts';
import { serveProcess } from '../src/init/serve-process.ts';

const frame = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  payload: fc.uint8Array({ maxLength: 2000 }),
});

test('frames come out as they went in, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(({ type, payload }) => encodeFrame(type, payload)));
        const decode = frameDecoder();
        const decoded = [];
        for (let offset = 0, index = 0; offset < bytes.length; index += 1) {
          const size = cuts[index % cuts.length] ?? 1;
          decoded.push(...decode(bytes.subarray(offset, offset + size)));
          offset += size;
        }
        expect(decoded.map(({ type, payload }) => ({ type, payload: new Uint8Array(payload) }))).toEqual(
          frames,
        );
      },
    ),
  );
});

test('a frame over the limit is refused before its bytes are awaited', () => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(0xffffffff, 1);
  expect(() => frameDecoder()(header)).toThrow(/over the limit/);
});

describe('an init that breaks the protocol', () => {
  /** A connection to a server that answers as `hostile` says. */
  async function connected(hostile: (socket: Socket) => void): Promise<Socket> {
    const folder = mkdtempSync(join(tmpdir(), 'agent-sandbox-protocol-'));
    const server = createServer((socket) => {
      socket.on('error', () => {});
      hostile(socket);
    }).listen(join(folder, 'socket'));
    onTestFinished(() => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });
    await new Promise((resolve) => server.once('listening', resolve));
    const socket = connect(join(folder, 'socket'));
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  }

  const open = async (hostile: (socket: Socket) => void, deadlineMs = 5_000) =>
    openProcess(await connected(hostile), { argv: ['true'] }, deadlineMs);

  test('loses the program when it sends more than was granted', async () => {
    const process = await open((socket) => {
      socket.write(encodeFrame(FRAME.started));
      for (let sent = 0; sent <= WINDOW_BYTES; sent += 65_536) {
        socket.write(encodeData(STREAM.stdout, new Uint8Array(65_536)));
      }
    });
    expect(await process.exit).toEqual({ code: null, reason: 'lost' });
  });

  test.each([
    ['frames of no known type', () => encodeFrame(99)],
    ['an exit that is no JSON', () => encodeFrame(FRAME.exit, Buffer.from('{'))],
    ['frames that are too large', () => Buffer.alloc(5, 0xff)],
  ])('loses the program when it sends %s', async (_, bytes) => {
    const opened = open((socket) => {
      socket.write(encodeFrame(FRAME.started));
      socket.write(bytes());
    });
    // It depends on how the bytes arrive whether the program is taken to have been started.
    const outcome = opened.then(
      async (process) => (await process.exit).reason,
      (error) => error.code,
    );
    expect(['lost', 'sandbox_lost']).toContain(await outcome);
  });

  test('is told as sandbox_lost when it goes before the program is started', async () => {
    await expect(open((socket) => socket.end())).rejects.toMatchObject({ code: 'sandbox_lost' });
  });

  test('is told as timeout when it says nothing', async () => {
    await expect(open(() => {}, 50)).rejects.toMatchObject({ code: 'timeout' });
  });

  test('is believed about nothing but codes and signals', async () => {
    const process = await open((socket) => {
      socket.write(encodeFrame(FRAME.started));
      socket.end(encodeJson(FRAME.exit, { code: '0', signal: { evil: true }, reason: 'out_of_memory' }));
    });
    expect(await process.exit).toEqual({ code: null, signal: undefined, reason: 'signal' });
  });
});

test('the init drops a client that sends more stdin than granted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-sandbox-protocol-'));
  const server = createServer((socket) =>
    serveProcess(socket, { cwd: '/', environment: { PATH: '/usr/bin:/bin' }, onProcess: () => {} }),
  ).listen(join(folder, 'socket'));
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const socket = connect(join(folder, 'socket'));
  const decode = frameDecoder();
  const types: number[] = [];
  socket.on('data', (chunk) => types.push(...decode(chunk as Buffer).map(({ type }) => type)));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(encodeJson(FRAME.start, { argv: ['sh', '-c', 'read line'] }));
  socket.write(encodeData(STREAM.stdin, Buffer.alloc(WINDOW_BYTES)));
  socket.write(encodeData(STREAM.stdin, Buffer.alloc(WINDOW_BYTES)));
  await closed;
  expect(types).toContain(FRAME.refused);
});
