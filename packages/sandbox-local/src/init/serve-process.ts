import type { Buffer } from 'node:buffer';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import {
  CHUNK_BYTES,
  encodeCredit,
  encodeData,
  encodeEnd,
  encodeFrame,
  encodeJson,
  FRAME,
  type Frame,
  frameDecoder,
  STREAM,
  type StartRequest,
  WINDOW_BYTES,
} from './frames.ts';

const START_DEADLINE_MS = 10_000;
/** Raised above the init's own, so that the kernel takes what was executed and leaves the init, which reports it. */
const OUT_OF_MEMORY_SCORE = '500';

export interface ProcessDefaults {
  cwd: string;
  environment: Readonly<Record<string, string>>;
  /** Told of each process while it lives, and when it ended. */
  onProcess(pid: number, alive: boolean): void;
}

interface Served {
  take(frame: Frame): void;
  /** The client is gone. */
  abandon(): void;
}

/** Serves one connection: starts the program it asks for, and carries its streams. A client that goes leaves it running. */
export function serveProcess(socket: Socket, defaults: ProcessDefaults): void {
  const decode = frameDecoder();
  let served: Served | undefined;
  const late = setTimeout(() => socket.destroy(), START_DEADLINE_MS);
  const give = (bytes: Buffer) => {
    if (!socket.destroyed && socket.writable) socket.write(bytes);
  };

  socket.on('data', (chunk) => {
    try {
      for (const frame of decode(chunk as Buffer)) {
        if (served) served.take(frame);
        else if (frame.type === FRAME.start) {
          clearTimeout(late);
          served = start(JSON.parse(frame.payload.toString()) as StartRequest, socket, give, defaults);
        } else throw new Error('The first frame must be START');
      }
    } catch (error) {
      give(encodeJson(FRAME.refused, { message: String(error) }));
      socket.end();
      served?.abandon();
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    clearTimeout(late);
    served?.abandon();
  });
  socket.on('end', () => served?.abandon());
}

function start(
  request: StartRequest,
  socket: Socket,
  give: (bytes: Buffer) => void,
  defaults: ProcessDefaults,
): Served {
  const [file, ...parameters] = request.argv;
  if (!file) throw new Error('argv is empty');
  const cwd = request.cwd ?? defaults.cwd;
  const child = spawn(file, parameters, {
    cwd,
    env: { ...defaults.environment, ...request.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A session of its own: it lives on when the init's terminal or group goes.
    detached: true,
  });
  if (child.pid === undefined) return refuse(child, file, cwd, socket, give);
  const pid = child.pid;
  raiseOutOfMemoryScore(pid);
  defaults.onProcess(pid, true);
  give(encodeFrame(FRAME.started));

  let pending = 3;
  const settled = () => {
    pending -= 1;
    if (pending === 0) socket.end();
  };
  child.on('error', () => {});
  child.once('exit', (code, signal) => {
    defaults.onProcess(pid, false);
    give(encodeJson(FRAME.exit, { code, signal }));
    settled();
  });

  const input = feedInput(child, give);
  const output = pumpOutput(child.stdout, STREAM.stdout, give, settled);
  const errors = pumpOutput(child.stderr, STREAM.stderr, give, settled);
  return {
    take({ type, payload }) {
      const stream = payload[0];
      if (type === FRAME.data && stream === STREAM.stdin) input.write(payload.subarray(1));
      else if (type === FRAME.end && stream === STREAM.stdin) input.end();
      else if (type === FRAME.credit && payload.length === 5) {
        const bytes = payload.readUInt32BE(1);
        if (stream === STREAM.stdout) output.grant(bytes);
        else if (stream === STREAM.stderr) errors.grant(bytes);
      } else throw new Error(`A frame of type ${type} is not expected here`);
    },
    abandon() {
      input.end();
      // Read on and drop, so that the program does not block on output that nobody takes.
      output.discard();
      errors.discard();
    },
  };
}

/** Tells of a program that could not be started as a shell does: 127 when there is none, 126 when it cannot be run. */
function refuse(
  child: ChildProcessWithoutNullStreams,
  file: string,
  cwd: string,
  socket: Socket,
  give: (bytes: Buffer) => void,
): Served {
  child.once('error', (error: NodeJS.ErrnoException) => {
    const inFolder = existsSync(cwd);
    const message = inFolder ? `${file}: ${error.code ?? error.message}` : `${cwd}: no such folder`;
    give(encodeFrame(FRAME.started));
    give(encodeData(STREAM.stderr, new TextEncoder().encode(`${message}\n`)));
    for (const stream of Object.values(STREAM)) give(encodeEnd(stream));
    give(encodeJson(FRAME.exit, { code: inFolder && error.code === 'ENOENT' ? 127 : 126, signal: null }));
    socket.end();
  });
  return { take() {}, abandon() {} };
}

function feedInput(child: ChildProcessWithoutNullStreams, give: (bytes: Buffer) => void) {
  let waiting = 0;
  let told = false;
  const closed = () => {
    if (told) return;
    told = true;
    give(encodeEnd(STREAM.stdin));
  };
  child.stdin.on('error', closed);
  child.stdin.on('close', closed);
  return {
    write(bytes: Buffer) {
      if (!child.stdin.writable) return;
      waiting += bytes.length;
      if (waiting > WINDOW_BYTES) throw new Error('More stdin was sent than granted');
      child.stdin.write(bytes, (error) => {
        waiting -= bytes.length;
        if (!error) give(encodeCredit(STREAM.stdin, bytes.length));
      });
    },
    end() {
      if (child.stdin.writable) child.stdin.end();
    },
  };
}

function pumpOutput(source: Readable, stream: number, give: (bytes: Buffer) => void, ended: () => void) {
  let credit = WINDOW_BYTES;
  let discarding = false;
  const pump = () => {
    for (;;) {
      // Reading nothing from an empty stream makes it fetch, or tell its end.
      const wanted = Math.min(discarding ? CHUNK_BYTES : credit, CHUNK_BYTES, source.readableLength);
      if (wanted === 0 && source.readableLength > 0) return;
      const chunk = source.read(wanted === 0 ? undefined : wanted) as Buffer | null;
      if (chunk === null) return;
      if (discarding) continue;
      credit -= chunk.length;
      give(encodeData(stream, chunk));
    }
  };
  let told = false;
  const finish = () => {
    if (told) return;
    told = true;
    give(encodeEnd(stream));
    ended();
  };
  source.on('readable', pump);
  source.on('end', finish);
  source.on('error', finish);
  source.on('close', finish);
  return {
    grant(bytes: number) {
      credit += bytes;
      pump();
    },
    discard() {
      discarding = true;
      pump();
    },
  };
}

function raiseOutOfMemoryScore(pid: number | undefined): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, OUT_OF_MEMORY_SCORE);
  } catch {
    // Not Linux, or it ended already: the kernel chooses by size then.
  }
}
