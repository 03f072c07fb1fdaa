import {
  AgentServerError,
  type Fidelity,
  type JournalPosition,
  RUNNER_PROTOCOL,
  type RunnerCommand,
  type RunnerFrame,
  type RunnerSetup,
  type StreamTarget,
} from '@hhopkins/agent-protocol';
import type { Clock } from '../ports/runtime.ts';
import type { Sandbox } from '../ports/sandbox.ts';
import { withDeadline } from '../support/deadline.ts';
import { createDeferred, type Deferred } from '../support/deferred.ts';
import { type AcceptedEvent, acceptEvent } from './accept-event.ts';
import { createByteStreams } from './byte-streams.ts';
import { createEventPump } from './event-pump.ts';
import type { InboundFrame } from './parse-frame.ts';
import { createRunnerConnection } from './runner-connection.ts';

export type RunnerHello = Extract<RunnerFrame, { type: 'hello' }>;
type Configured = { fidelity: Fidelity; reason?: string | undefined };

/** A connection to the runner of a sandbox, past its greeting. */
export interface RunnerLink {
  readonly hello: RunnerHello;
  /** Rejects with the runner's reason when the agent cannot be set up. Another one counts from the next turn on. */
  setup(setup: RunnerSetup): Promise<Configured>;
  /** Asks for everything after `journal`; from here on `onEvents` is called. */
  attach(journal: JournalPosition): Promise<void>;
  acknowledge(journal: JournalPosition): Promise<void>;
  /** Resolves when the runner has it on disk. Rejects with the runner's reason when it refuses. */
  command(command: RunnerCommand): Promise<void>;
  /** The bytes of something inside, bounded by `maximumBytes`. */
  read(target: StreamTarget, maximumBytes: number): Promise<Uint8Array>;
  /** Sends `content`, resolves when the runner says that it stands. */
  write(target: StreamTarget, content: Uint8Array): Promise<void>;
  /** Whether an agent, a background task or a terminal is at work. Also proves that the runner lives. */
  ping(): Promise<{ busy: boolean }>;
  /** Resolves, never rejects, with why when the connection is over. */
  readonly closed: Promise<AgentServerError>;
  close(): void;
}

export interface RunnerLinkOptions {
  sandbox: Sandbox;
  sessionId: string;
  epoch: number;
  /** How `agent-runner` is started inside. */
  command: readonly [string, ...string[]];
  clock: Clock;
  /** Events as they arrived, as many as came together. A rejection ends the link. */
  onEvents(events: readonly AcceptedEvent[], hello: RunnerHello): Promise<void>;
}

/** A runner that does not say hello, takes no command or answers no ping in this time has stalled: the link ends. */
const DEADLINES_MS = { hello: 20_000, taken: 15_000, pong: 15_000 };
const SETUP_MS = 120_000;
/** After so long a silence the runner is asked whether it lives. */
const HEARTBEAT_MS = 20_000;

/**
 * Connects to the runner, starting it when it does not run.
 * @throws connection_lost, timeout, version_unsupported
 */
export async function openRunnerLink(options: RunnerLinkOptions): Promise<RunnerLink> {
  const { sandbox, sessionId, epoch, clock } = options;
  const process = await sandbox.exec(options.command, { cwd: sandbox.layout.workspace });
  const connection = createRunnerConnection(process);
  const hello = createDeferred<RunnerHello>();
  /** Of the setup that was sent last. */
  let configured = createDeferred<Configured>();
  const closed = createDeferred<AgentServerError>();
  const taken = new Map<string, Deferred<void>>();
  const pongs = new Map<string, Deferred<{ busy: boolean }>>();
  const streams = createByteStreams(connection, clock);
  let greeting: RunnerHello | undefined;
  let ended = false;
  let lastHeard = clock.now();
  let cancelHeartbeat = () => {};

  const end = (reason: AgentServerError): void => {
    if (ended) return;
    ended = true;
    cancelHeartbeat();
    connection.close();
    for (const waiting of [hello, configured, ...taken.values(), ...pongs.values()]) waiting.reject(reason);
    streams.fail(reason);
    closed.resolve(reason);
  };

  const pump = createEventPump((events) => {
    if (!greeting) throw new AgentServerError('protocol_error', 'The runner sent events before its hello');
    return options.onEvents(events, greeting);
  }, end);

  const handle = (frame: InboundFrame): void => {
    switch (frame.type) {
      case 'event':
      case 'malformed-event':
        if (!greeting) end(new AgentServerError('protocol_error', 'The runner sent events before its hello'));
        else pump.gather(acceptEvent(sessionId, frame, clock.now));
        break;
      case 'hello':
        greeting ??= frame;
        hello.resolve(frame);
        break;
      case 'configured':
        configured.resolve(frame);
        break;
      case 'taken':
        taken.get(frame.commandId)?.resolve();
        break;
      case 'stream':
        streams.receive(frame);
        break;
      case 'pong':
        pongs.get(frame.id)?.resolve({ busy: frame.busy });
        break;
      case 'error':
        handleError(frame);
        break;
      default:
    }
  };

  const handleError = ({ id, code, message }: Extract<RunnerFrame, { type: 'error' }>): void => {
    // A newer owner is the lease's affair, and the log's: the runner's word alone proves nothing.
    const known = code === 'stale_epoch' ? 'connection_lost' : code;
    const error = new AgentServerError(known, `Runner: ${message}`);
    if (id === undefined) end(error);
    else if (id === 'setup') configured.reject(error);
    else {
      taken.get(id)?.reject(error);
      streams.reject(id, error);
    }
  };

  const receive = async (): Promise<void> => {
    for await (const frames of connection.frames) {
      lastHeard = clock.now();
      for (const frame of frames) {
        if (ended) return;
        handle(frame);
      }
      if (!ended) await pump.hand();
    }
    const complaint = connection.complaint();
    end(
      new AgentServerError(
        'connection_lost',
        `The connection to the runner ended${complaint ? `: ${complaint}` : ''}`,
      ),
    );
  };
  receive().catch((error: unknown) => end(AgentServerError.from(error, 'connection_lost')));

  /** What every runner that lives answers at once; one that does not is given up. */
  const promptly = async <Value>(
    what: keyof typeof DEADLINES_MS,
    answer: Promise<Value>,
    ask: Promise<void>,
  ): Promise<Value> => {
    try {
      const both = Promise.all([answer, ask]).then(([value]) => value);
      return await withDeadline(clock, DEADLINES_MS[what], `The runner's answer (${what})`, both);
    } catch (error) {
      const reason = AgentServerError.from(error, 'connection_lost');
      if (reason.code === 'timeout' || reason.code === 'connection_lost') end(reason);
      throw ended && what === 'hello' ? await closed.promise : reason;
    }
  };

  const ping = async (): Promise<{ busy: boolean }> => {
    const id = crypto.randomUUID();
    const waiting = createDeferred<{ busy: boolean }>();
    pongs.set(id, waiting);
    try {
      return await promptly('pong', waiting.promise, connection.send({ type: 'ping', id }));
    } finally {
      pongs.delete(id);
    }
  };

  const beat = (): void => {
    if (ended) return;
    const due = lastHeard + HEARTBEAT_MS - clock.now();
    cancelHeartbeat = clock.schedule(due > 0 ? due : HEARTBEAT_MS, beat);
    if (due <= 0) ping().catch(() => {});
  };

  const { minimum, maximum } = RUNNER_PROTOCOL;
  const answer = await promptly(
    'hello',
    hello.promise,
    connection.send({ type: 'hello', minimum, maximum, sessionId, epoch }),
  ).catch((error: unknown) => {
    end(AgentServerError.from(error, 'connection_lost'));
    throw error;
  });
  if (answer.version < minimum || answer.version > maximum) {
    const message = `The runner speaks version ${answer.version}, this server ${minimum} to ${maximum}`;
    const error = new AgentServerError('version_unsupported', message);
    end(error);
    throw error;
  }
  beat();

  return {
    hello: answer,
    closed: closed.promise,
    close: () => end(new AgentServerError('connection_lost', 'The connection to the runner was closed')),
    async setup(setup) {
      if (ended) throw await closed.promise;
      configured = createDeferred<Configured>();
      const asked = connection.send({ type: 'setup', setup });
      const both = Promise.all([configured.promise, asked]).then(([value]) => value);
      return withDeadline(clock, SETUP_MS, "The runner's setup", both);
    },
    attach: (journal) => connection.send({ type: 'attach', journal }),
    acknowledge: (journal) => connection.send({ type: 'ack', journal }),
    async command(command) {
      const waiting = createDeferred<void>();
      taken.set(command.commandId, waiting);
      try {
        await promptly('taken', waiting.promise, connection.send({ type: 'command', command }));
      } finally {
        taken.delete(command.commandId);
      }
    },
    read: streams.read,
    write: streams.write,
    ping,
  };
}
