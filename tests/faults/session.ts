import type { SessionEvent } from '@hhopkins/agent-protocol';
import type { FoundProcess } from '../src/harness/census.ts';
import { type Follower, follow } from '../src/harness/follow.ts';
import type { RestClient } from '../src/harness/rest-client.ts';
import { createWitness, type Witness } from '../src/harness/witness.ts';
import { ARCHITECTURES } from './workload.ts';

type TurnEnd = SessionEvent<'turn:completed' | 'turn:failed' | 'turn:interrupted'>;

/** What a session uses of its scene. */
interface Scene {
  readonly options: { agent: keyof typeof ARCHITECTURES };
  readonly proxy: { readonly url: string };
  readonly rest: RestClient;
  processes(sandboxId?: string): FoundProcess[];
}

/** A session of a scene, and the two clients that follow it through the proxy. */
export interface FaultSession {
  readonly id: string;
  readonly ordinal: number;
  /** What the client on a WebSocket saw. */
  readonly seen: Witness;
  /** What the client on server-sent events saw. */
  readonly alsoSeen: Witness;
  readonly followers: readonly Follower[];
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

const ENDS = new Set<string>(['turn:completed', 'turn:failed', 'turn:interrupted']);

export async function openSession(scene: Scene, ordinal: number): Promise<FaultSession> {
  const { sessionId: id } = await scene.rest.create({ architecture: ARCHITECTURES[scene.options.agent] });
  const url = () => scene.proxy.url;
  const [seen, alsoSeen] = [createWitness(id), createWitness(id)];
  const followers = [follow('websocket', url, seen), follow('sse', url, alsoSeen)];
  const ends = new Map<string, TurnEnd>();
  let looked = 0;
  const sandboxId = () => {
    const { sandbox } = seen.state().session;
    return sandbox.status === 'ready' ? sandbox.sandboxId : undefined;
  };
  return {
    id,
    ordinal,
    seen,
    alsoSeen,
    followers,
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
      await Promise.all(followers.map((follower) => follower.close()));
    },
  };
}
