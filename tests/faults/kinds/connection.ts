import { setTimeout as pause } from 'node:timers/promises';
import type { FaultKind } from './kind.ts';

/** How long a client takes at most to find that its connection is dead, in milliseconds. */
const NOTICED_MS = 4000;

export const CONNECTION_KINDS: readonly FaultKind[] = [
  {
    name: 'client-drop',
    scope: 'session',
    outcome: 'undisturbed',
    async inflict({ session, random }) {
      const which = random.between(0, session.followers.length - 1);
      const times = random.between(1, 3);
      for (let drop = 0; drop < times; drop += 1) {
        session.followers[which]?.cut();
        await pause(random.between(20, 300));
      }
      return `client ${which} gone ${times} times without a close`;
    },
  },
  {
    name: 'connection-cut',
    scope: 'scene',
    outcome: 'undisturbed',
    async inflict({ scene, random }) {
      const times = random.between(1, 4);
      for (let cut = 0; cut < times; cut += 1) {
        scene.proxy.cut();
        await pause(random.between(20, 400));
      }
      return `all connections reset ${times} times`;
    },
  },
  {
    name: 'connection-half-open',
    scope: 'scene',
    outcome: 'undisturbed',
    async inflict({ scene, random }) {
      const unnoticedMs = random.between(500, NOTICED_MS);
      scene.proxy.halfOpen();
      await pause(unnoticedMs);
      for (const session of scene.sessions) for (const follower of session.followers) follower.cut();
      return `all connections mute, found dead after ${unnoticedMs} ms`;
    },
  },
];
