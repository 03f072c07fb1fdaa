import { setTimeout as pause } from 'node:timers/promises';
import type { FaultKind } from './kind.ts';

/** What befalls clients alone. */
export const CLIENT_KINDS: readonly FaultKind[] = [
  {
    name: 'client-kill',
    scope: 'session',
    outcome: 'undisturbed',
    meetsSending: true,
    async inflict({ session: { sender }, random }) {
      const awayMs = random.between(0, 1500);
      const { outstanding } = sender;
      await sender.kill();
      await pause(awayMs);
      sender.comeBack();
      return `kill -9 with ${outstanding} messages outstanding, the next one after ${awayMs} ms`;
    },
  },
  {
    name: 'client-drop',
    scope: 'session',
    outcome: 'undisturbed',
    async inflict({ session, random }) {
      const client = random.pick(session.clients);
      const times = random.between(1, 3);
      for (let drop = 0; drop < times; drop += 1) {
        client.drop();
        await pause(random.between(20, 300));
      }
      return `connections of ${client.name} gone ${times} times without a close`;
    },
  },
];
