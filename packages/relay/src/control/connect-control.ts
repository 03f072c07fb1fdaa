import { connect, type Socket } from 'node:net';
import { AgentServerError, createLineDecoder, encodeLine, errorCodeSchema } from '@hhopkins/agent-protocol';
import type { RelaySettings, Revocation } from '../configuration.ts';
import {
  controlReplySchema,
  helloSchema,
  LONGEST_LINE,
  type RelayHello,
  type RelayStatus,
} from './messages.ts';

/** A server's hold on a relay. While it is open the relay does not end by itself. */
export interface RelayControl {
  readonly hello: RelayHello;
  /** Resolves when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;
  /** Gives the relay its keys. Again replaces them; requests under way go on with the old ones. */
  configure(settings: RelaySettings): Promise<void>;
  /** Voids the tokens of a session that were issued up to a time. */
  revoke(revocation: Revocation): Promise<void>;
  status(): Promise<RelayStatus>;
  /** Ends the relay, whatever it is doing. Resolves when it has said that it does. */
  stop(): Promise<void>;
  close(): void;
}

export interface ConnectControlOptions {
  /** Of the control socket. */
  path: string;
  /** For the greeting, and for each answer; 5000 by default. */
  timeoutMs?: number;
}

/**
 * Takes hold of the relay that listens here.
 *
 * @throws `connection_lost` when none does, `timeout` when it does not answer in time, `protocol_error` when it is no relay
 * @example
 * const control = await connectControl({ path: relayPlaces(directory).control });
 * await control.configure({ secret, upstreams: { anthropic: { baseUrl, apiKey } } });
 */
export async function connectControl({
  path,
  timeoutMs = 5_000,
}: ConnectControlOptions): Promise<RelayControl> {
  const socket = connect({ path });
  const waiting = new Map<string | null, (line: unknown) => void>();
  const decoder = createLineDecoder(`relay at ${path}`, LONGEST_LINE);
  const GREETING = null;
  let asked = 0;

  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    try {
      for (const line of decoder.push(chunk)) deliver(line);
    } catch {
      socket.destroy();
    }
  });

  function deliver(line: unknown): void {
    const id = typeof line === 'object' && line !== null && 'id' in line ? String(line.id) : GREETING;
    waiting.get(id)?.(line);
    waiting.delete(id);
  }

  function expectLine(id: string | null, what: string): Promise<unknown> {
    const lost = closed.then(() => {
      throw new AgentServerError('connection_lost', `The relay at ${path} is gone; ${what} had no answer`);
    });
    const line = new Promise<unknown>((resolve) => waiting.set(id, resolve));
    return withTimeout(Promise.race([line, lost]), timeoutMs, `The relay at ${path} did not answer ${what}`);
  }

  async function ask(type: string, content: object): Promise<RelayStatus | undefined> {
    asked += 1;
    const id = String(asked);
    const line = expectLine(id, type);
    socket.write(encodeLine({ type, id, ...content }));
    const reply = controlReplySchema.parse(await line);
    if (reply.type === 'done') return reply.status;
    const code = errorCodeSchema.safeParse(reply.problem.code).data ?? 'internal';
    throw new AgentServerError(code, `The relay refused ${type}: ${reply.problem.detail}`);
  }

  const hello = await greet(socket, expectLine(GREETING, 'the connection'), path);
  return {
    hello,
    closed,
    configure: async (configuration) => void (await ask('configure', { configuration })),
    revoke: async (revocation) => void (await ask('revoke', { revocation })),
    async status() {
      const status = await ask('status', {});
      if (!status) throw new AgentServerError('protocol_error', `The relay at ${path} gave no status`);
      return status;
    },
    stop: async () => void (await ask('stop', {})),
    close: () => void socket.destroy(),
  };
}

async function greet(socket: Socket, line: Promise<unknown>, path: string): Promise<RelayHello> {
  try {
    const hello = helloSchema.safeParse(await line);
    if (hello.success) return hello.data;
    throw new AgentServerError('protocol_error', `What listens at ${path} is no relay`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function withTimeout<Value>(
  work: Promise<Value>,
  milliseconds: number,
  message: string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AgentServerError('timeout', `${message} within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
