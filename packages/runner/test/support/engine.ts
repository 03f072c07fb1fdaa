import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import {
  createLineDecoder,
  type EngineFrame,
  encodeLine,
  type JournalPosition,
  type RunnerFrame,
  type RunnerSetup,
  runnerFrameSchema,
} from '@hhopkins/agent-protocol';

type FrameOf<Type extends RunnerFrame['type']> = Extract<RunnerFrame, { type: Type }>;
export type EventFrame = FrameOf<'event'>;

const DEADLINE_MS = 20_000;

/** The engine's end of a connection, as a test plays it. Every frame that comes is checked against the protocol. */
export interface Engine {
  readonly frames: RunnerFrame[];
  send(frame: EngineFrame): void;
  sendRaw(text: string): void;
  /** The first frame that matches, of those that came and those that will. */
  find(what: string, matches: (frame: RunnerFrame) => boolean): Promise<RunnerFrame>;
  hello(epoch?: number, sessionId?: string): Promise<FrameOf<'hello'>>;
  setup(change?: Partial<RunnerSetup>): Promise<FrameOf<'configured'>>;
  attach(journal: JournalPosition): void;
  /** Sends a turn; resolves when it was taken. */
  turn(content: string, id?: string): Promise<void>;
  /** The first event of a type, and of a turn when one is named. */
  event(type: string, turnId?: string): Promise<EventFrame>;
  events(): EventFrame[];
  /** Opens a stream, sends what is to be sent, and gives what came. Rejects with the code of an error. */
  stream(target: Extract<EngineFrame, { type: 'open' }>['target'], upload?: Uint8Array[]): Promise<Buffer>;
  /** Resolves when `connect` has ended, with its exit code. */
  readonly ended: Promise<number | null>;
  readonly errors: () => string;
  /** Lets go of the connection, and resolves when it is closed. */
  close(): Promise<void>;
  /** Ends `connect` at once. */
  kill(): void;
}

export const SETUP: RunnerSetup = {
  architecture: 'scripted',
  profile: {
    id: 'default',
    skills: [],
    subagents: [],
    commands: [],
    mcpServers: {},
    defaultFiles: [],
    permissionMode: 'allow',
    allowedTools: [],
    deniedTools: [],
  },
  sessionOptions: {},
  allowedTools: [],
  restore: false,
  environment: {},
  installation: {},
};

let counter = 0;

/** Starts `connect` with a command line and speaks for the engine. */
export function connectEngine(program: string, args: string[], cwd?: string): Engine {
  const child: ChildProcessWithoutNullStreams = spawn(program, args, {
    stdio: 'pipe',
    ...(cwd ? { cwd } : {}),
  });
  const frames: RunnerFrame[] = [];
  const watchers = new Set<() => void>();
  const wake = () => {
    for (const watcher of [...watchers]) watcher();
  };
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  const lines = createLineDecoder('runner');
  child.stdout.on('data', (chunk: Buffer) => {
    for (const value of lines.push(chunk)) frames.push(runnerFrameSchema.parse(value));
    wake();
  });
  let exited = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      exited = true;
      resolve(code);
      wake();
    });
  });

  const find: Engine['find'] = (what, matches) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        watchers.delete(look);
      };
      const fail = (why: string) => {
        stop();
        const last = frames.slice(-5).map((frame) => JSON.stringify(frame).slice(0, 300));
        reject(new Error(`${why}: ${what}\nstderr: ${stderr}\nlast frames:\n${last.join('\n')}`));
      };
      const look = () => {
        const found = frames.find(matches);
        if (found) {
          stop();
          resolve(found);
        } else if (exited) fail('the connection ended before there was');
      };
      const timer = setTimeout(() => fail('there was not in time'), DEADLINE_MS);
      watchers.add(look);
      look();
    });

  const send = (frame: EngineFrame) => child.stdin.write(encodeLine(frame));

  const failWhenRefused = (frame: RunnerFrame) => {
    if (frame.type !== 'error') return frame;
    throw Object.assign(new Error(`${frame.code}: ${frame.message}`), { code: frame.code });
  };

  return {
    frames,
    send,
    sendRaw: (text) => child.stdin.write(text),
    find,
    ended,
    errors: () => stderr,
    async hello(epoch = 1, sessionId = 'session-1') {
      send({ type: 'hello', minimum: 1, maximum: 1, sessionId, epoch });
      return (await find('hello', (frame) => frame.type === 'hello')) as FrameOf<'hello'>;
    },
    async setup(change = {}) {
      send({ type: 'setup', setup: { ...SETUP, ...change } });
      return (await find('configured', (frame) => frame.type === 'configured')) as FrameOf<'configured'>;
    },
    attach: (journal) => send({ type: 'attach', journal }),
    async turn(content, id = `${++counter}`) {
      const commandId = `command-${id}`;
      const ids = { commandId, turnId: `turn-${id}`, messageId: `message-${id}` };
      send({ type: 'command', command: { type: 'turn', ...ids, content } });
      failWhenRefused(
        await find(
          `answer to turn ${id}`,
          (frame) =>
            (frame.type === 'taken' && frame.commandId === commandId) ||
            (frame.type === 'error' && frame.id === commandId),
        ),
      );
    },
    async event(type, turnId) {
      const frame = await find(
        `event ${type} of ${turnId ?? 'any turn'}`,
        (each) =>
          each.type === 'event' &&
          each.event.type === type &&
          (turnId === undefined || each.event.turnId === turnId),
      );
      return frame as EventFrame;
    },
    events: () => frames.filter((frame) => frame.type === 'event'),
    async stream(target, upload = []) {
      const id = `stream-${++counter}`;
      send({ type: 'open', id, target });
      for (const bytes of upload) {
        send({ type: 'stream', id, data: Buffer.from(bytes).toString('base64') });
      }
      if (target.kind === 'write-file') send({ type: 'stream', id, end: true });
      failWhenRefused(
        await find(
          `end of stream ${target.kind}`,
          (frame) =>
            (frame.type === 'stream' && frame.id === id && frame.end === true) ||
            (frame.type === 'error' && frame.id === id),
        ),
      );
      const chunks = frames.flatMap((frame) =>
        frame.type === 'stream' && frame.id === id && frame.data ? [Buffer.from(frame.data, 'base64')] : [],
      );
      return Buffer.concat(chunks);
    },
    async close() {
      child.stdin.end();
      await ended;
    },
    kill: () => child.kill('SIGKILL'),
  };
}
