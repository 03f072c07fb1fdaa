import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../wait.ts';
import type { FaultKind } from './kind.ts';
import { freezeBetweenWrites, killOne, RELAY, restart } from './means.ts';

/** A lease has to lapse, and a server to start. */
const TAKEOVER_MS = 30_000;

export const SERVER_KINDS: readonly FaultKind[] = [
  {
    name: 'server-kill',
    scope: 'scene',
    outcome: 'undisturbed',
    async inflict({ scene, random }) {
      const awayMs = random.between(0, 600);
      await scene.server().end('SIGKILL');
      await pause(awayMs);
      await restart(scene);
      return `kill -9, the next one after ${awayMs} ms`;
    },
  },
  {
    name: 'server-freeze',
    scope: 'scene',
    outcome: 'undisturbed',
    async inflict({ scene, random }) {
      const frozenMs = random.between(300, 6000);
      const { pid } = scene.server();
      process.kill(pid, 'SIGSTOP');
      try {
        await pause(frozenMs);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      return `frozen for ${frozenMs} ms`;
    },
  },
  {
    name: 'server-upgrade',
    scope: 'scene',
    outcome: 'undisturbed',
    async inflict({ scene }) {
      const { code, signal } = await scene.server().end('SIGTERM');
      if (code !== 0) throw new Error(`SIGTERM ended the server with code ${code}, signal ${signal}`);
      await restart(scene);
      return 'SIGTERM, then the next one';
    },
  },
  {
    name: 'server-takeover',
    scope: 'scene',
    outcome: 'undisturbed',
    sharedStore: true,
    async inflict({ scene, random }) {
      const former = scene.server();
      const afterMs = random.between(0, 1500);
      await freezeBetweenWrites(scene, former.pid);
      try {
        const { pid } = await restart(scene);
        const hasWritten = () => scene.audit().some(({ at, server }) => at === 'done' && server === pid);
        await until('a write of the next server', TAKEOVER_MS, hasWritten);
        await pause(afterMs);
      } finally {
        process.kill(former.pid, 'SIGCONT');
      }
      // It has this long to do harm before it ends.
      await pause(1500);
      await former.end('SIGKILL');
      return `frozen, another took over, thawed ${afterMs} ms after its first write`;
    },
  },
  {
    name: 'relay-kill',
    scope: 'scene',
    outcome: 'repeated',
    agents: ['claude'],
    async inflict({ scene }) {
      const { pid } = await killOne('the relay', () => scene.processes(), RELAY);
      return `kill -9 of ${pid}`;
    },
  },
];
