import { parseEvent, type SendMessageResponse, type Snapshot } from '@hhopkins/agent-protocol';
import { createWitness, type Witness } from '../../src/harness/witness.ts';
import { Broken, lost, stuck } from '../finding.ts';
import type { Door } from '../proxy.ts';
import type { LaunchClient } from './launch.ts';
import type { ClientNote, ClientTransport, ClientView } from './notes.ts';

/** A message with its key, as an application keeps it until the server has it. */
export interface Message {
  content: string;
  key: string;
}

/** What a client was shown from its start to its end. */
export interface Life {
  readonly seen: Witness;
  /** The state that it began with. */
  beginning?: Snapshot;
}

/** A client of one session, through a door of its own into the network that can break. */
export interface FaultClient {
  readonly name: string;
  /** The present one last. */
  readonly lives: readonly Life[];
  /** What it said against the server. */
  readonly complaints: readonly string[];
  /** Messages that it sends and that were not answered yet. */
  readonly outstanding: number;
  /**
   * Sends through the client's outbox until it is answered, by the next life of it if this one is killed.
   * @throws Broken when the message is refused, or not answered within the bound
   */
  send(message: Message, boundMs: number): Promise<SendMessageResponse>;
  /** @throws Broken when it is not told within the bound */
  view(boundMs: number): Promise<ClientView>;
  /** Its connections are gone without a close. */
  drop(): void;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it anew; what was outstanding it repeats with its keys. */
  comeBack(): void;
  close(): Promise<void>;
}

interface ClientParts {
  sessionId: string;
  transport: ClientTransport;
  door: Door;
  launch: LaunchClient;
}

/** Something awaited of the client. */
interface Awaited<Value> {
  resolve(value: Value): void;
  reject(error: Broken): void;
}

export function openClient({ sessionId, transport, door, launch }: ClientParts): FaultClient {
  const name = transport === 'sse' ? 'the SSE client' : 'the WebSocket client';
  const lives: Life[] = [];
  const complaints: string[] = [];
  const messages = new Map<string, Awaited<SendMessageResponse> & Message>();
  const views = new Map<number, Awaited<ClientView>>();
  let asked = 0;

  const take = (life: Life, each: ClientNote) => {
    switch (each.note) {
      case 'snapshot':
        life.beginning ??= each.snapshot;
        return life.seen.takeSnapshot(each.snapshot);
      case 'event':
        return life.seen.takeEvents([parseEvent(each.event)]);
      case 'answer':
        return messages.get(each.key)?.resolve(each.answer);
      case 'refusal':
        return messages.get(each.key)?.reject(new Broken(lost(`a message was refused: ${each.why}`)));
      case 'view':
        return views.get(each.asked)?.resolve(each.view);
      case 'complaint':
        complaints.push(each.what);
    }
  };
  const begin = () => {
    const life: Life = { seen: createWitness(sessionId) };
    lives.push(life);
    return launch({ url: door.url, sessionId, transport }, (note) => take(life, note));
  };
  let running = begin();

  /** Waits for what `begin` asked for, no longer than the bound. */
  const awaited = <Value>(what: string, boundMs: number, ask: (each: Awaited<Value>) => () => void) =>
    new Promise<Value>((resolve, reject) => {
      let forget = () => {};
      const settled = () => {
        clearTimeout(timer);
        forget();
      };
      const timer = setTimeout(() => {
        forget();
        reject(new Broken(stuck(`${name}: ${what} within ${boundMs} ms`)));
      }, boundMs);
      forget = ask({
        resolve(value) {
          settled();
          resolve(value);
        },
        reject(error) {
          settled();
          reject(error);
        },
      });
    });

  return {
    name,
    lives,
    complaints,
    get outstanding() {
      return messages.size;
    },
    send: ({ content, key }, boundMs) =>
      awaited('a message was not acknowledged', boundMs, (each) => {
        messages.set(key, { ...each, content, key });
        running.order({ order: 'send', key, content });
        return () => messages.delete(key);
      }),
    view: (boundMs) =>
      awaited('it did not tell what it shows', boundMs, (each) => {
        asked += 1;
        const number = asked;
        views.set(number, each);
        running.order({ order: 'show', asked: number });
        return () => views.delete(number);
      }),
    drop: door.cut,
    kill: () => running.kill(),
    comeBack() {
      running = begin();
      for (const { content, key } of messages.values()) running.order({ order: 'send', key, content });
    },
    async close() {
      await running.close();
      await door.close();
    },
  };
}
