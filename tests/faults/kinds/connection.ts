import { setTimeout as pause } from 'node:timers/promises';
import type { FaultKind } from './kind.ts';

export const CONNECTION_KINDS: readonly FaultKind[] = [
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
      const [times, apartMs] = [random.between(1, 2), random.between(0, 3000)];
      for (let time = 0; time < times; time += 1) {
        if (time > 0) await pause(apartMs);
        scene.proxy.halfOpen();
      }
      return `all connections mute ${times} times`;
    },
  },
];
