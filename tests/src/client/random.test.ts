import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { TEST_MS } from '../harness/deadline.ts';
import type { Behaviour } from './support/proxy.ts';
import { converged, expect, type Place, test, witness } from './support/test.ts';

type Act = ((place: Place, send: () => void) => void | Promise<void>) & { toString(): string };

const named = (name: string, act: (place: Place, send: () => void) => void | Promise<void>): Act =>
  Object.assign(act, { toString: () => name });

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .integer({ min: 1, max: 20 })
      .map((count) => named(`emit ${count}`, ({ script }) => script.emit('s', count))),
  },
  { weight: 3, arbitrary: fc.nat(400).map((ms) => named(`wait ${ms}`, () => pause(ms))) },
  { weight: 2, arbitrary: fc.constant(named('send', (_, send) => send())) },
  { weight: 2, arbitrary: fc.constant(named('cut', ({ proxy }) => proxy.cut())) },
  fc.constant(named('freeze', ({ proxy }) => proxy.freeze())),
  fc
    .constantFrom<Behaviour>('carry', 'refuse', 'blackhole', 'no-upgrades', 'deaf-to-upgrades')
    .map((behaviour) =>
      named(behaviour, ({ proxy }) => {
        proxy.behaviour = behaviour;
      }),
    ),
  fc.nat(60).map((ms) =>
    named(`delay ${ms}`, ({ proxy }) => {
      proxy.delayMs = ms;
    }),
  ),
  fc.constant(named('lose the log', ({ script }) => script.stream('s').replace())),
);

test('whatever the network does: nothing is missing, nothing double, and messages are done once, in order', {
  timeout: TEST_MS,
}, async ({ place }) => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 20 }), async (acts) => {
      place.script.addSession('s', 3);
      const before = place.script.calls.length;
      const client = place.client({ WebSocket });
      witness(client, 's');
      const sent: Promise<unknown>[] = [];
      const contents: string[] = [];
      const send = () => {
        contents.push(`message ${contents.length}`);
        sent.push(client.session('s').send(contents.at(-1) ?? ''));
      };
      for (const each of acts) await each(place, send);
      place.proxy.behaviour = 'carry';
      place.proxy.delayMs = 0;

      await Promise.all(sent);
      await converged(client, place, 's');
      expect(client.session('s').getSnapshot().optimistic).toEqual([]);
      // The engine is asked as often as need be, and does each command once.
      const asked = place.script.calls.slice(before).filter(({ method }) => method === 'sendMessage');
      const done = new Map(asked.map(({ caller, request }) => [caller.commandId, request]));
      expect([...done.values()].map((request) => (request as { content: string }).content)).toEqual(contents);
      client.close();
      expect(place.errors).toEqual([]);
    }),
    { numRuns: 6, endOnFailure: true },
  );
});
