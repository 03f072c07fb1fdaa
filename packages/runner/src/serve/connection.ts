import type { Socket } from 'node:net';
import {
  AgentServerError,
  createLineDecoder,
  type EngineFrame,
  engineFrameSchema,
  RUNNER_PROTOCOL,
} from '@hhopkins/agent-protocol';
import type { Journal } from '../journal/journal.ts';
import type { JournalReader } from '../journal/reader.ts';
import { DEADLINES } from '../settings.ts';
import { createStreams, type StreamSources } from '../streams/streams.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { RUNNER_VERSION } from '../version.ts';
import type { EpochKeeper } from './epoch.ts';
import { createFrameSocket } from './frame-socket.ts';

/** A connection of an engine. */
export interface Connection {
  /** 0 until its hello. */
  readonly epoch: number;
  /** Ends it, saying why. */
  fail(error: AgentServerError): void;
}

export interface ConnectionParts {
  sessionId: string;
  journal: Journal;
  epochs: EpochKeeper;
  supervisor: Supervisor;
  sources: StreamSources;
  /** Resolves when what an earlier runner left is cleared up. */
  ready: Promise<void>;
  /** The connection's epoch is the highest: those with a lower one end. */
  onAdmitted(epoch: number): void;
}

type FrameOf<Type extends EngineFrame['type']> = Extract<EngineFrame, { type: Type }>;

/** Lines of the journal that are sent in one go, in bytes. */
const EVENT_CHUNK = 64 * 1024;

/** Serves a connection until it ends. */
export function serveConnection(socket: Socket, parts: ConnectionParts): Connection {
  const { journal, supervisor } = parts;
  const out = createFrameSocket(socket);
  const streams = createStreams(parts.sources, out);
  let epoch = 0;
  let reader: JournalReader | undefined;

  const fail = (error: AgentServerError) => {
    out.send({ type: 'error', code: error.code, message: error.message });
    out.end();
  };

  const greeting = setTimeout(() => fail(new AgentServerError('timeout', 'no hello came')), DEADLINES.hello);

  const hello = async (frame: FrameOf<'hello'>) => {
    clearTimeout(greeting);
    const version = Math.min(frame.maximum, RUNNER_PROTOCOL.maximum);
    if (version < frame.minimum || version < RUNNER_PROTOCOL.minimum) {
      throw new AgentServerError(
        'version_unsupported',
        `the engine speaks ${frame.minimum} to ${frame.maximum}, this runner ${RUNNER_PROTOCOL.minimum} to ${RUNNER_PROTOCOL.maximum}`,
      );
    }
    if (frame.sessionId !== parts.sessionId) {
      throw new AgentServerError(
        'invalid_request',
        `this runner serves session ${parts.sessionId}, not ${frame.sessionId}`,
      );
    }
    if (!(await parts.epochs.admit(frame.epoch))) throw stale(frame.epoch, parts.epochs.highest);
    parts.onAdmitted(frame.epoch);
    await parts.ready;
    if (frame.epoch < parts.epochs.highest) throw stale(frame.epoch, parts.epochs.highest);
    epoch = frame.epoch;
    out.send({
      type: 'hello',
      version,
      runnerVersion: RUNNER_VERSION,
      epoch,
      journal: journal.head(),
      journals: journal.journals(),
      configured: supervisor.configured,
      activeTurnId: supervisor.activeTurnId(),
    });
  };

  const attach = async (frame: FrameOf<'attach'>) => {
    reader?.close();
    const mine = journal.read(frame.journal);
    reader = mine;
    for (let lines = await mine.next(EVENT_CHUNK); lines; lines = await mine.next(EVENT_CHUNK)) {
      if (reader !== mine) return;
      await out.sendPaced(lines);
    }
  };

  const setup = async (frame: FrameOf<'setup'>) => {
    out.send({ type: 'configured', ...(await supervisor.configure(frame.setup)) });
  };

  const command = async ({ command: wish }: FrameOf<'command'>) => {
    try {
      await supervisor.handle(wish);
      out.send({ type: 'taken', commandId: wish.commandId });
    } catch (error) {
      const { code, message } = AgentServerError.from(error);
      out.send({ type: 'error', id: wish.commandId, code, message });
    }
  };

  /** Resolves when the next frame may be handled; what takes long goes on beside. */
  const handle = async (frame: EngineFrame): Promise<void> => {
    const beside = (work: Promise<void>) => void work.catch((error) => fail(AgentServerError.from(error)));
    if (frame.type === 'hello') {
      if (epoch > 0) throw new AgentServerError('protocol_error', 'a second hello on one connection');
      return hello(frame);
    }
    if (epoch === 0)
      throw new AgentServerError('protocol_error', `the first frame must be hello, not ${frame.type}`);
    switch (frame.type) {
      case 'attach':
        return beside(attach(frame));
      case 'setup':
        return beside(setup(frame));
      case 'command':
        return beside(command(frame));
      case 'ack':
        return beside(journal.acknowledge(frame.journal));
      case 'ping':
        return out.send({ type: 'pong', id: frame.id, busy: supervisor.busy() });
      case 'open':
        return streams.open(frame.id, frame.target);
      case 'stream':
        return streams.receive(frame);
    }
  };

  const receive = async () => {
    const lines = createLineDecoder('connection of the engine');
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      for (const value of lines.push(chunk as Buffer)) {
        if (out.closed) return;
        const parsed = engineFrameSchema.safeParse(value);
        if (parsed.success) await handle(parsed.data);
        else refuse(value, parsed.error.issues[0]);
      }
    }
  };

  /** A frame that names what it is about fails that alone; any other ends the connection. */
  const refuse = (value: unknown, issue: { path: PropertyKey[]; message: string } | undefined) => {
    const frame = (typeof value === 'object' ? value : null) as Record<string, unknown> | null;
    const subject = (frame?.command as { commandId?: unknown } | undefined)?.commandId ?? frame?.id;
    const where = `frame ${JSON.stringify(frame?.type ?? null)}`.slice(0, 100);
    const message = `${where}: ${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? 'not understood'}`;
    if (typeof subject !== 'string' || epoch === 0) throw new AgentServerError('protocol_error', message);
    out.send({ type: 'error', id: subject.slice(0, 200), code: 'invalid_request', message });
  };

  // A peer that is gone is seen by the end of the loop below.
  socket.on('error', () => {});
  receive()
    .catch((error: unknown) => {
      if (!socket.destroyed) fail(AgentServerError.from(error, 'protocol_error'));
    })
    .finally(() => {
      clearTimeout(greeting);
      reader?.close();
      streams.close();
      out.end();
    });

  return {
    get epoch() {
      return epoch;
    },
    fail,
  };
}

const stale = (epoch: number, highest: number) =>
  new AgentServerError('stale_epoch', `epoch ${epoch} is over; the session is now at ${highest}`);
