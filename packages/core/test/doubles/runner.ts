import {
  AGENT_TURN_PREFIX,
  type Block,
  createLineDecoder,
  type EngineFrame,
  type EventPayload,
  encodeLine,
  engineFrameSchema,
  RUNNER_PROTOCOL,
  type RunnerCommand,
  type RunnerEventType,
  type RunnerFrame,
  type RunnerSetup,
} from '@hhopkins/agent-protocol';
import type { SandboxExit, SandboxProcess } from '../../src/ports/sandbox.ts';
import { createDeferred } from '../../src/support/deferred.ts';
import { createBytePipe } from './byte-pipe.ts';
import type { FakeClock } from './clock.ts';
import { createRunnerJournal } from './runner-journal.ts';
import { createRunnerStreams } from './runner-streams.ts';
import type { FakeDisk } from './sandbox-disk.ts';

export type TurnCommand = Extract<RunnerCommand, { type: 'turn' }>;
/** What the agent does with a turn: `answer` at once, `begin` and wait for the test, or not even `begin`. */
export type Behaviour = 'answer' | 'begin' | 'take';

/** A runner in the process of the test, on the disk of a fake sandbox. */
export interface FakeRunner {
  behaviour: Behaviour;
  /** Neither reads nor writes; goes on where it was once it is over. */
  stalled: boolean;
  /** Every event goes out twice. */
  stutters: boolean;
  /** Its events come before it says that the command was taken. */
  hasty: boolean;
  /** Frames of these types it does not hear. */
  readonly deafTo: Set<EngineFrame['type']>;
  /** What it is asked for as bytes it gives only once this is over. */
  withholdsBytes: boolean;
  /** Something runs in the background. */
  background: boolean;
  /** What it says to commands of a type, instead of taking them. */
  readonly refusals: Map<RunnerCommand['type'], 'capability_missing' | 'not_running' | 'invalid_request'>;
  /** The version of the protocol that it chooses. */
  speaks: number;
  /** Says this before its hello. */
  greetsWith: string | null;
  /** Ends every connection as soon as it is asked for events. */
  breaksAfterAttach: boolean;
  /** Why it cannot be set up. */
  setupFault: 'agent_not_installed' | 'agent_error' | null;
  readonly setups: readonly RunnerSetup[];
  /** Every command that was taken, once, in order. */
  readonly taken: readonly RunnerCommand[];
  /** Turns the agent was given, in order: never the same one twice. */
  readonly begun: readonly string[];
  readonly active: TurnCommand | null;
  readonly connections: number;
  /** Connections that were ever made. */
  readonly greetings: number;
  exec(): SandboxProcess;
  emit<Type extends RunnerEventType>(
    type: Type,
    payload: EventPayload<Type>,
    place?: { conversationId?: string; turnId?: string },
  ): void;
  /** Any event at all. */
  emitAnything(event: { type: string; payload: unknown; conversationId?: string; timestamp?: string }): void;
  /** Begins the turn that was only taken. */
  begin(): void;
  /** The agent begins by itself; nothing when a turn runs already, or the runner does not. Returns the turn's id. */
  beginAlone(turnId?: string): string | undefined;
  /** Nothing when none waits, or the runner does not run. */
  beginIfWaiting(): void;
  say(text: string, id?: string): string;
  /** Says something letter by letter. */
  type(text: string): void;
  /** Shows a steering message in the conversation. */
  show(steer: { messageId: string; content: string }): void;
  complete(): void;
  interrupted(): void;
  fail(code: string): void;
  ask(requestId: string): void;
  question(requestId: string): void;
  /** Writes a file and says so. */
  write(path: string, content: string): void;
  /** A line that is no frame, or any frame, to every connection. */
  sayLine(line: string): void;
  cutLinks(): void;
  /** The connections from now on end after so many frames. */
  cutAfter(frames: number | null): void;
  /** The process ends without a word; the next connection starts another one. */
  crash(): void;
  /** Loses its inbox and all that it knew of a turn; the journal stays. */
  forget(): void;
  /** Ends for good, with its sandbox. */
  end(): void;
}

interface Connection {
  send(frame: RunnerFrame | string): void;
  close(): void;
  attached: { id: string; offset: number } | null;
  epoch: number;
}

export function createFakeRunner(
  name: string,
  sessionId: string,
  clock: FakeClock,
  disk: FakeDisk,
): FakeRunner {
  const journal = createRunnerJournal(name);
  const connections = new Set<Connection>();
  const inbox = new Map<string, 'taken' | 'ended'>();
  const taken: RunnerCommand[] = [];
  const begun: string[] = [];
  const setups: RunnerSetup[] = [];
  let running = false;
  let epoch = 0;
  let configured = false;
  let active: TurnCommand | null = null;
  /** Taken, and not begun. */
  let waiting: TurnCommand | null = null;
  let blocks = 0;
  let alone = 0;
  let withheld: (() => void)[] | null = null;
  let budget: number | null = null;
  let greetings = 0;
  let stalled = false;
  /** What came in while it was stalled. */
  let unread: (() => void)[] = [];

  const flush = (): void => {
    if (stalled) return;
    for (const connection of connections) {
      while (connection.attached && connections.has(connection)) {
        const frame = journal.next(connection.attached);
        if (frame === undefined) {
          connection.send({ type: 'error', code: 'journal_unknown', message: 'trimmed' });
          connection.close();
        }
        if (!frame) break;
        connection.attached = frame.journal;
        connection.send(frame);
        if (runner.stutters) connection.send(frame);
      }
    }
  };

  const now = () => new Date(clock.now()).toISOString();

  const boot = (): void => {
    if (running) return;
    running = true;
    journal.begin();
    const lost = active;
    active = null;
    if (lost) {
      inbox.set(lost.commandId, 'ended');
      const { turnId } = lost;
      const payload = { turnId, code: 'runner_lost', message: 'The runner ended', retryable: true };
      runner.emit('turn:failed', payload, { turnId });
    } else if (waiting) act(waiting);
  };

  const act = (turn: TurnCommand): void => {
    waiting = turn;
    if (runner.behaviour === 'take') return;
    runner.begin();
    if (runner.behaviour === 'begin') return;
    runner.say(`answer to ${String(turn.content)}`);
    runner.complete();
  };

  const endTurn = (): string => {
    if (!active) throw new Error('no turn runs');
    const { turnId, commandId } = active;
    disk.remember(`{"end":"${turnId}"}`);
    inbox.set(commandId, 'ended');
    active = null;
    return turnId;
  };

  const takeCommand = (command: RunnerCommand): RunnerFrame => {
    const { commandId } = command;
    if (inbox.has(commandId)) return { type: 'taken', commandId };
    const refusal = runner.refusals.get(command.type);
    if (refusal) return { type: 'error', id: commandId, code: refusal, message: 'no' };
    if (command.type === 'turn' && (active ?? waiting))
      return { type: 'error', id: commandId, code: 'capacity', message: 'a turn is running' };
    inbox.set(commandId, 'taken');
    taken.push(command);
    if (command.type === 'turn') {
      if (runner.hasty) act(command);
      else queueMicrotask(() => running && act(command));
    } else if (command.type === 'interrupt') queueMicrotask(() => interruptTurn(command.turnId));
    return { type: 'taken', commandId };
  };

  const interruptTurn = (turnId: string): void => {
    if (!running) return;
    if (active?.turnId === turnId && runner.behaviour !== 'take') runner.interrupted();
    else if (waiting?.turnId === turnId) {
      inbox.set(waiting.commandId, 'ended');
      waiting = null;
      runner.emit('turn:interrupted', { turnId }, { turnId });
    }
  };

  const setUp = (setup: RunnerSetup): RunnerFrame => {
    setups.push(setup);
    if (runner.setupFault)
      return { type: 'error', code: runner.setupFault, message: 'the agent is not there' };
    configured = true;
    return { type: 'configured', fidelity: setup.restore && disk.takeUpTranscript() ? 'native' : 'fresh' };
  };

  const streams = createRunnerStreams(disk, journal.head, (path, existed) => {
    const entry = disk.entry(path);
    if (!entry) {
      runner.emit('file:deleted', { path });
      return;
    }
    const { modifiedAt: _modifiedAt, ...payload } = entry;
    runner.emit(existed ? 'file:modified' : 'file:created', payload);
  });

  const greet = (connection: Connection, given: number): void => {
    if (given < epoch) {
      connection.send({ type: 'error', code: 'stale_epoch', message: `now at ${epoch}` });
      connection.close();
      return;
    }
    epoch = given;
    connection.epoch = given;
    if (runner.greetsWith !== null) connection.send(`${runner.greetsWith}\n`);
    connection.send({
      type: 'hello',
      version: runner.speaks,
      runnerVersion: 'fake',
      epoch,
      journal: journal.head(),
      journals: journal.listing(),
      configured,
      activeTurnId: active?.turnId ?? waiting?.turnId ?? null,
    });
  };

  const handle = (connection: Connection, frame: EngineFrame): void => {
    if (frame.type === 'hello') greet(connection, frame.epoch);
    else if (connection.epoch < epoch) connection.close();
    else hear(connection, frame);
  };

  const open = (connection: Connection, { id, target }: Extract<EngineFrame, { type: 'open' }>): void => {
    for (const answer of streams.open(id, target)) connection.send(answer);
  };

  const hear = (connection: Connection, frame: Exclude<EngineFrame, { type: 'hello' }>): void => {
    if (!runner.deafTo.has(frame.type)) serve(connection, frame);
  };

  const serve = (connection: Connection, frame: Exclude<EngineFrame, { type: 'hello' }>): void => {
    switch (frame.type) {
      case 'setup':
        connection.send(setUp(frame.setup));
        break;
      case 'attach':
        if (runner.breaksAfterAttach) connection.close();
        connection.attached = frame.journal;
        break;
      case 'ack':
        journal.acknowledge(frame.journal);
        break;
      case 'command':
        connection.send(takeCommand(frame.command));
        break;
      case 'ping':
        connection.send({ type: 'pong', id: frame.id, busy: active !== null || runner.background });
        break;
      case 'open':
        if (withheld && frame.target.kind === 'file') withheld.push(() => open(connection, frame));
        else open(connection, frame);
        break;
      case 'stream':
        for (const answer of streams.receive(frame)) connection.send(answer);
        break;
    }
    flush();
  };

  const runner: FakeRunner = {
    behaviour: 'answer',
    get stalled() {
      return stalled;
    },
    set stalled(value) {
      stalled = value;
      if (stalled) return;
      const reads = unread;
      unread = [];
      for (const read of reads) read();
      if (running) flush();
    },
    stutters: false,
    hasty: false,
    background: false,
    deafTo: new Set(),
    get withholdsBytes() {
      return withheld !== null;
    },
    set withholdsBytes(value) {
      const given = withheld;
      withheld = value ? [] : null;
      for (const give of given ?? []) give();
    },
    refusals: new Map(),
    setupFault: null,
    speaks: RUNNER_PROTOCOL.maximum,
    greetsWith: null,
    breaksAfterAttach: false,
    setups,
    taken,
    begun,
    get active() {
      return active;
    },
    get connections() {
      return connections.size;
    },
    get greetings() {
      return greetings;
    },
    exec() {
      boot();
      greetings += 1;
      const output = createBytePipe();
      const complaints = createBytePipe();
      const exit = createDeferred<SandboxExit>();
      const decoder = createLineDecoder('fake runner');
      let left = budget ?? Number.POSITIVE_INFINITY;
      const connection: Connection = {
        attached: null,
        epoch: 0,
        send(frame) {
          if (left <= 0) return;
          left -= 1;
          output.write(typeof frame === 'string' ? frame : encodeLine(frame));
          if (left <= 0) connection.close();
        },
        close() {
          connections.delete(connection);
          output.end();
          complaints.end();
          exit.resolve({ code: 0, reason: 'exit' });
        },
      };
      connections.add(connection);
      return {
        stdin: {
          async write(data) {
            if (!connections.has(connection)) throw new Error('EPIPE');
            // As in a pipe, what was written is read a moment later.
            await Promise.resolve();
            const read = () => {
              for (const value of decoder.push(data)) {
                if (connections.has(connection)) handle(connection, engineFrameSchema.parse(value));
              }
            };
            if (stalled) unread.push(read);
            else read();
          },
          close: async () => connection.close(),
        },
        stdout: output,
        stderr: complaints,
        exit: exit.promise,
        detach: () => connection.close(),
      };
    },
    emit(type, payload, { conversationId = 'main', turnId = active?.turnId } = {}) {
      journal.append({ type, payload, conversationId, ...(turnId ? { turnId } : {}), timestamp: now() });
      flush();
    },
    emitAnything({ type, payload, conversationId = 'main', timestamp = now() }) {
      journal.append({ type, payload, conversationId, timestamp });
      flush();
    },
    begin() {
      if (!waiting) throw new Error('no turn was taken');
      active = waiting;
      waiting = null;
      const { turnId, messageId, content } = active;
      begun.push(turnId);
      disk.remember(`{"message":"${messageId}"}`);
      runner.emit('turn:started', { turnId, messageId });
      const block: Block = {
        id: messageId,
        type: 'user_message',
        content,
        timestamp: now(),
        status: 'complete',
        turnId,
      };
      runner.emit('block:upsert', { block });
    },
    beginAlone(given) {
      if (!running || !configured || active || waiting) return undefined;
      alone += 1;
      const turnId = given ?? `${AGENT_TURN_PREFIX}${name}-${alone}`;
      active = { type: 'turn', commandId: turnId, turnId, messageId: turnId, content: '' };
      runner.emit('turn:started', { turnId, messageId: turnId, origin: 'agent' });
      return turnId;
    },
    beginIfWaiting() {
      if (!waiting || !running) return;
      const { behaviour } = runner;
      runner.begin();
      if (behaviour !== 'answer') return;
      runner.say('an answer');
      runner.complete();
    },
    say(text, id) {
      blocks += 1;
      const blockId = id ?? `${name}-block-${blocks}`;
      disk.remember(`{"text":${JSON.stringify(text)}}`);
      const block: Block = {
        id: blockId,
        type: 'assistant_text',
        content: text,
        timestamp: now(),
        status: 'complete',
      };
      runner.emit('block:upsert', { block });
      return blockId;
    },
    type(text) {
      blocks += 1;
      const blockId = `${name}-block-${blocks}`;
      const block: Block = {
        id: blockId,
        type: 'assistant_text',
        content: '',
        timestamp: now(),
        status: 'pending',
      };
      runner.emit('block:upsert', { block });
      for (const delta of text) runner.emit('block:delta', { blockId, delta });
      runner.say(text, blockId);
    },
    show({ messageId, content }) {
      const block: Block = {
        id: messageId,
        type: 'user_message',
        content,
        timestamp: now(),
        status: 'complete',
      };
      runner.emit('block:upsert', { block });
    },
    complete() {
      const turnId = endTurn();
      const usage = { inputTokens: 3, outputTokens: 5 };
      runner.emit('turn:completed', { turnId, usage, costUSD: 0.5 }, { turnId });
    },
    interrupted() {
      const turnId = endTurn();
      runner.emit('turn:interrupted', { turnId }, { turnId });
    },
    fail(code) {
      const turnId = endTurn();
      runner.emit('turn:failed', { turnId, code, message: 'it failed', retryable: true }, { turnId });
    },
    ask(requestId) {
      runner.emit('permission:requested', {
        requestId,
        conversationId: 'main',
        toolName: 'Bash',
        input: { command: 'ls' },
      });
    },
    question(requestId) {
      runner.emit('question:requested', {
        requestId,
        conversationId: 'main',
        questions: [{ question: 'Which?', options: [{ label: 'A' }] }],
      });
    },
    write(path, content) {
      const existed = disk.entry(path) !== undefined;
      disk.write(path, new TextEncoder().encode(content));
      const entry = disk.entry(path);
      if (!entry) return;
      const { modifiedAt: _modifiedAt, ...payload } = entry;
      runner.emit(existed ? 'file:modified' : 'file:created', payload);
    },
    sayLine(line) {
      for (const connection of connections) connection.send(`${line}\n`);
    },
    cutLinks() {
      for (const connection of [...connections]) connection.close();
    },
    cutAfter(frames) {
      budget = frames;
    },
    crash() {
      running = false;
      runner.cutLinks();
    },
    forget() {
      active = null;
      waiting = null;
      inbox.clear();
    },
    end() {
      running = false;
      active = null;
      waiting = null;
      runner.cutLinks();
    },
  };
  disk.sessionId = sessionId;
  return runner;
}
