import type { Socket } from 'node:net';
import { setTimeout as setTimer } from 'node:timers';
import type { SandboxExit, SandboxProcess } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import {
  CHUNK_BYTES,
  type ExitReport,
  encodeCredit,
  encodeData,
  encodeEnd,
  encodeJson,
  FRAME,
  type Frame,
  frameDecoder,
  STREAM,
  type StartRequest,
  WINDOW_BYTES,
} from '../init/frames.ts';
import { type ByteQueue, byteQueue } from './byte-queue.ts';

/** Time that a detached connection has to hand over stdin that was accepted. */
const DETACH_DEADLINE_MS = 5_000;

/**
 * Starts a program over a connection to the init of a sandbox.
 * What comes from inside is not trusted: a frame that breaks the protocol drops the connection.
 */
export async function openProcess(
  socket: Socket,
  request: StartRequest,
  deadlineMs: number,
): Promise<SandboxProcess> {
  const exit = deferred<SandboxExit>();
  const started = deferred<void>();
  const give = (bytes: Uint8Array) => {
    if (socket.writable) socket.write(bytes);
  };
  const stdin = inputWindow(give);
  const stdout = outputWindow(STREAM.stdout, give);
  const stderr = outputWindow(STREAM.stderr, give);

  const take = ({ type, payload }: Frame) => {
    const stream = payload[0];
    if (type === FRAME.started) started.resolve();
    else if (type === FRAME.data && stream === STREAM.stdout) stdout.receive(payload.subarray(1));
    else if (type === FRAME.data && stream === STREAM.stderr) stderr.receive(payload.subarray(1));
    else if (type === FRAME.end && stream === STREAM.stdout) stdout.queue.end();
    else if (type === FRAME.end && stream === STREAM.stderr) stderr.queue.end();
    else if (type === FRAME.end && stream === STREAM.stdin) stdin.closed();
    else if (type === FRAME.credit && payload.length === 5) stdin.grant(payload.readUInt32BE(1));
    else if (type === FRAME.exit) exit.resolve(exitOf(JSON.parse(payload.toString()) as ExitReport));
    else if (type === FRAME.refused) {
      const { message } = JSON.parse(payload.toString()) as { message: string };
      started.reject(new AgentServerError('invalid_request', `exec was refused: ${String(message)}`));
    } else throw new Error(`A frame of type ${type} is not expected here`);
  };
  const decode = frameDecoder();
  socket.on('data', (chunk) => {
    try {
      for (const frame of decode(chunk as Buffer)) take(frame);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  const lost = () => {
    started.reject(new AgentServerError('sandbox_lost', 'The sandbox ended before the program was started.'));
    exit.resolve({ code: null, reason: 'lost' });
    stdin.closed();
    stdout.queue.end();
    stderr.queue.end();
  };
  socket.on('error', () => socket.destroy());
  socket.on('end', lost);
  socket.on('close', lost);

  const timer = setTimer(() => {
    started.reject(
      new AgentServerError('timeout', `The sandbox did not start a program within ${deadlineMs} ms.`),
    );
    socket.destroy();
  }, deadlineMs);
  give(encodeJson(FRAME.start, request));
  try {
    await started.promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return {
    stdin: { write: stdin.write, close: stdin.close },
    stdout: stdout.queue,
    stderr: stderr.queue,
    exit: exit.promise,
    detach() {
      lost();
      stdout.queue.discard();
      stderr.queue.discard();
      socket.end();
      setTimer(() => socket.destroy(), DETACH_DEADLINE_MS).unref();
      socket.unref();
    },
  };
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  return { promise, resolve, reject };
}

/** The sending side of stdin: writes wait for what the init grants. */
function inputWindow(give: (bytes: Uint8Array) => void) {
  let credit = WINDOW_BYTES;
  let open = true;
  let wake: (() => void)[] = [];
  let order: Promise<void> = Promise.resolve();
  const wakeAll = () => {
    const woken = wake;
    wake = [];
    for (const each of woken) each();
  };
  const send = async (data: Uint8Array) => {
    for (let offset = 0; offset < data.length; ) {
      if (!open) throw unread();
      const size = Math.min(credit, CHUNK_BYTES, data.length - offset);
      if (size === 0) {
        await new Promise<void>((resolve) => wake.push(resolve));
        continue;
      }
      credit -= size;
      give(encodeData(STREAM.stdin, data.subarray(offset, offset + size)));
      offset += size;
    }
    if (!open) throw unread();
  };
  return {
    /** One after another, in the order of the calls. */
    write(data: Uint8Array): Promise<void> {
      const written = order.then(() => send(data));
      order = written.catch(() => {});
      return written;
    },
    close(): Promise<void> {
      order = order.then(() => {
        if (!open) return;
        open = false;
        give(encodeEnd(STREAM.stdin));
      });
      return order;
    },
    grant(bytes: number) {
      credit += bytes;
      wakeAll();
    },
    closed() {
      open = false;
      wakeAll();
    },
  };
}

/** The receiving side of an output: never holds more than it granted. */
function outputWindow(
  stream: number,
  give: (bytes: Uint8Array) => void,
): {
  queue: ByteQueue;
  receive(bytes: Uint8Array): void;
} {
  let granted = WINDOW_BYTES;
  let owed = 0;
  const queue = byteQueue((bytes) => {
    owed += bytes;
    // Grants are joined, so that small reads do not each cost a frame.
    if (owed < WINDOW_BYTES / 4) return;
    granted += owed;
    give(encodeCredit(stream, owed));
    owed = 0;
  });
  return {
    queue,
    receive(bytes) {
      granted -= bytes.length;
      if (granted < 0) throw new Error('More output was sent than granted');
      queue.push(bytes);
    },
  };
}

function exitOf({ code, signal }: ExitReport): SandboxExit {
  if (typeof code === 'number') return { code, reason: 'exit' };
  return { code: null, signal: typeof signal === 'string' ? signal : undefined, reason: 'signal' };
}

function unread(): AgentServerError {
  return new AgentServerError('connection_lost', 'Nobody reads the stdin of this program any more.');
}
