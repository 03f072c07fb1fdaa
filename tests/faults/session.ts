import type { SessionEvent } from '@hhopkins/agent-protocol';
import type { FoundProcess } from '../src/harness/census.ts';
import type { RestClient } from '../src/harness/rest-client.ts';
import type { Witness } from '../src/harness/witness.ts';
import { type FaultClient, type Life, openClient } from './clients/client.ts';
import { type LaunchClient, launchHere } from './clients/launch.ts';
import type { NetworkProxy } from './proxy.ts';
import { until } from './wait.ts';
import { ARCHITECTURES } from './workload.ts';

type TurnEnd = SessionEvent<'turn:completed' | 'turn:failed' | 'turn:interrupted'>;

/** What a session uses of its scene. */
interface Scene {
  readonly options: { agent: keyof typeof ARCHITECTURES };
  readonly proxy: NetworkProxy;
  readonly rest: RestClient;
  readonly launchClient: LaunchClient;
  processes(sandboxId?: string): FoundProcess[];
}

/** A session of a scene, and the two clients that follow it, each through a door of its own. */
export interface FaultSession {
  readonly id: string;
  readonly ordinal: number;
  /** On a WebSocket, a process of its own; it sends the messages that a fault may meet. */
  readonly sender: FaultClient;
  /** On server-sent events, within the harness; it lives as long as the session. */
  readonly observer: FaultClient;
  readonly clients: readonly FaultClient[];
  /** What the observer saw. */
  readonly seen: Witness;
  /** Turns that answers to messages named, of all passes. */
  readonly acknowledged: Set<string>;
  /** Marks of earlier passes whose messages the agent has to remember. */
  readonly remembered: string[];
  /** Files that have to be in the workspace, by path. */
  readonly files: Map<string, string>;
  endOf(turnId: string): TurnEnd | undefined;
  /** The living processes of its sandbox; none when it has none. */
  processes(): FoundProcess[];
  sandboxId(): string | undefined;
  close(): Promise<void>;
}

const FOLLOW_MS = 30_000;
const ENDS = new Set<string>(['turn:completed', 'turn:failed', 'turn:interrupted']);

export async function openSession(scene: Scene, ordinal: number): Promise<FaultSession> {
  const { sessionId: id } = await scene.rest.create({ architecture: ARCHITECTURES[scene.options.agent] });
  const [door, anotherDoor] = [await scene.proxy.door(), await scene.proxy.door()];
  const sender = openClient({ sessionId: id, transport: 'websocket', door, launch: scene.launchClient });
  const observer = openClient({ sessionId: id, transport: 'sse', door: anotherDoor, launch: launchHere });
  const clients = [sender, observer];
  await until(`both clients of session ${id} follow it`, FOLLOW_MS, async () => {
    const views = await Promise.all(clients.map((client) => client.view(FOLLOW_MS)));
    return views.every(({ status }) => status === 'live');
  });
  const [{ seen }] = observer.lives as [Life];
  const ends = new Map<string, TurnEnd>();
  let looked = 0;
  const sandboxId = () => {
    const { sandbox } = seen.state().session;
    return sandbox.status === 'ready' ? sandbox.sandboxId : undefined;
  };
  return {
    id,
    ordinal,
    sender,
    observer,
    clients,
    seen,
    acknowledged: new Set(),
    remembered: [],
    files: new Map(),
    endOf(turnId) {
      for (; looked < seen.events.length; looked += 1) {
        const event = seen.events[looked] as SessionEvent;
        if (ENDS.has(event.type)) ends.set((event as TurnEnd).payload.turnId, event as TurnEnd);
      }
      return ends.get(turnId);
    },
    sandboxId,
    processes() {
      const sandbox = sandboxId();
      return sandbox ? scene.processes(sandbox) : [];
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
