import type { Random } from '../random.ts';
import type { Scene } from '../scene.ts';
import type { FaultSession } from '../session.ts';
import type { AgentName } from '../workload.ts';

export const KIND_NAMES = [
  'server-kill',
  'server-freeze',
  'server-upgrade',
  'server-takeover',
  'relay-kill',
  'runner-kill',
  'runner-freeze',
  'agent-kill',
  'sandbox-end',
  'client-kill',
  'client-drop',
  'connection-cut',
  'connection-half-open',
  'store-fail-before',
  'store-fail-after',
  'store-hang',
  'store-slow',
  'disk-full',
] as const;
export type KindName = (typeof KIND_NAMES)[number];

/** What the turns of a pass may look like afterwards. */
export type Outcome =
  /** As if nothing had happened. */
  | 'undisturbed'
  /** The same, but that the agent may have repeated a call of its model. */
  | 'repeated'
  /** One turn at most fails, with this code; what it showed until then stands. */
  | 'agent_lost'
  | 'runner_lost'
  | 'sandbox_lost';

export interface FaultTarget {
  scene: Scene;
  /** Of a fault that meets one session. */
  session: FaultSession;
  random: Random;
}

/** A way to do harm. */
export interface FaultKind {
  readonly name: KindName;
  /** `scene` meets all sessions of a server at once, `session` one of them. */
  readonly scope: 'scene' | 'session';
  readonly outcome: Outcome;
  /** Agents that have what is harmed; all when absent. */
  readonly agents?: readonly AgentName[];
  /** Half of them come while a message is being sent. */
  readonly meetsSending?: boolean;
  /** The store lies on a disk of its own, small enough to be filled. */
  readonly smallDisk?: boolean;
  /** Two servers may open the store. */
  readonly sharedStore?: boolean;
  /** Does it, and brings back what a user or the system around would bring back. Says in a few words what was done. */
  inflict(target: FaultTarget): Promise<string>;
}
