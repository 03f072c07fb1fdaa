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
import { createRunnerConnection } from './runner-connection.ts';

export type RunnerHello = Extract<RunnerFrame, { type: 'hello' }>;

/** A connection to the runner of a sandbox, past its greeting. */
export interface RunnerLink {
  readonly hello: RunnerHello;
  /** Rejects with the runner's reason when the agent cannot be set up. */
  setup(setup: RunnerSetup): Promise<{ fidelity: Fidelity; reason?: string | undefined }>;
  /** Asks for everything after `journal`; from here on `onEvents` is called. */
  attach(journal: JournalPosition): Promise<void>;
  acknowledge(journal: JournalPosition): Promise<void>;
  /** Resolves when the runner has it on disk. */
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
  /** Events in order, as many as arrived together. The next ones are read once it resolves; a rejection ends the link. */
  onEvents(events: readonly AcceptedEvent[]): Promise<void>;
}

const DEADLINES_MS = { hello: 20_000, setup: 120_000, taken: 15_000, stream: 60_000, pong: 15_000 };

/**
 * Connects to the runner, starting it when it does not run.
 * @throws connection_lost, timeout, version_unsupported, stale_epoch
 */
export async function openRunnerLink(options: RunnerLinkOptions): Promise<RunnerLink> {
  const { sandbox, sessionId, epoch, clock } = options;
  const process = await sandbox.exec(options.command, { cwd: sandbox.layout.workspace });
  const connection = createRunnerConnection(process);
  const hello = createDeferred<RunnerHello>();
  const configured = createDeferred<{ fidelity: Fidelity; reason?: string | undefined }>();
  const closed = createDeferred<AgentServerError>();
  const taken = new Map<string, Deferred<void>>();
  const pongs = new Map<string, Deferred<{ busy: boolean }>>();
  const streams = createByteStreams(connection);
  let ended = false;

  const end = (reason: AgentServerError): void => {
    if (ended) return;
    ended = true;
    connection.close();
    for (const waiting of [hello, configured, ...taken.values(), ...pongs.values()]) waiting.reject(reason);
    streams.fail(reason);
    closed.resolve(reason);
  };

  const handle = (frame: RunnerFrame): void => {
    switch (frame.type) {
      case 'hello':
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
    const error = new AgentServerError(code, `Runner: ${message}`);
    if (id === undefined) end(error);
    else if (id === 'setup') configured.reject(error);
    else {
      taken.get(id)?.reject(error);
      streams.reject(id, error);
    }
  };

  const pump = createEventPump(sessionId, options.onEvents, end);
  const receive = async (): Promise<void> => {
    for await (const frames of connection.frames) {
      for (const frame of frames) {
        if (frame.type === 'event') pump.gather(frame);
        else handle(frame);
      }
      await pump.hand();
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

  const bounded = <Value>(what: keyof typeof DEADLINES_MS, work: Promise<Value>): Promise<Value> =>
    withDeadline(clock, DEADLINES_MS[what], `The runner's answer (${what})`, work);

  let answer: RunnerHello;
  try {
    await connection.send({
      type: 'hello',
      minimum: RUNNER_PROTOCOL.minimum,
      maximum: RUNNER_PROTOCOL.maximum,
      sessionId,
      epoch,
    });
    answer = await bounded('hello', hello.promise);
  } catch (error) {
    const reason = ended ? await closed.promise : AgentServerError.from(error, 'connection_lost');
    end(reason);
    throw reason;
  }

  return {
    hello: answer,
    closed: closed.promise,
    close: () => end(new AgentServerError('connection_lost', 'The connection to the runner was closed')),
    async setup(setup) {
      await connection.send({ type: 'setup', setup });
      return bounded('setup', configured.promise);
    },
    attach: (journal) => connection.send({ type: 'attach', journal }),
    acknowledge: (journal) => connection.send({ type: 'ack', journal }),
    async command(command) {
      const waiting = createDeferred<void>();
      taken.set(command.commandId, waiting);
      try {
        await connection.send({ type: 'command', command });
        await bounded('taken', waiting.promise);
      } finally {
        taken.delete(command.commandId);
      }
    },
    read: (target, maximumBytes) => bounded('stream', streams.read(target, maximumBytes)),
    write: (target, content) => bounded('stream', streams.write(target, content)),
    async ping() {
      const id = crypto.randomUUID();
      const waiting = createDeferred<{ busy: boolean }>();
      pongs.set(id, waiting);
      try {
        await connection.send({ type: 'ping', id });
        return await bounded('pong', waiting.promise);
      } finally {
        pongs.delete(id);
      }
    },
  };
}

type EventFrame = Extract<RunnerFrame, { type: 'event' }>;

/** How many events may be on their way into the log before no more are read from the runner. */
const EVENTS_IN_FLIGHT = 2000;

/** Hands on what arrived in one go, several commits deep, and stops reading when the log does not keep up. */
function createEventPump(
  sessionId: string,
  onEvents: RunnerLinkOptions['onEvents'],
  fail: (reason: AgentServerError) => void,
) {
  let gathered: AcceptedEvent[] = [];
  let inFlight = 0;
  let room = createDeferred<void>();

  return {
    gather(frame: EventFrame): void {
      gathered.push(acceptEvent(sessionId, frame));
    },
    async hand(): Promise<void> {
      if (gathered.length === 0) return;
      const events = gathered;
      gathered = [];
      inFlight += events.length;
      onEvents(events).then(
        () => {
          inFlight -= events.length;
          room.resolve();
          room = createDeferred<void>();
        },
        (error: unknown) => {
          const reason = AgentServerError.from(error);
          room.reject(reason);
          fail(reason);
        },
      );
      while (inFlight > EVENTS_IN_FLIGHT) await room.promise;
    },
  };
}
