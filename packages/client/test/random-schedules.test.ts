import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWorld, type World, witness } from './support/client-on-fake.ts';
import type { Network } from './support/fake-server.ts';
import { logDraft } from './support/fake-session.ts';

type Act =
  | { do: 'emit'; count: number }
  | { do: 'send' }
  | { do: 'network'; to: Network }
  | { do: 'cut'; code: number }
  | { do: 'lag' | 'rewind' | 'hint' }
  | { do: 'spoil'; how: 'lose' | 'double' }
  | { do: 'refuse'; count: number; done: boolean }
  | { do: 'swallow'; count: number }
  | { do: 'wait'; ms: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('emit' as const), count: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.oneof(fc.nat(40), fc.nat(30_000)) }),
  },
  { weight: 2, arbitrary: fc.constant<Act>({ do: 'send' }) },
  fc.record({
    do: fc.constant('network' as const),
    to: fc.constantFrom<Network>('fine', 'refused', 'hanging', 'silent'),
  }),
  fc.record({ do: fc.constant('cut' as const), code: fc.constantFrom(1006, 1012, 4408, 1001) }),
  fc.constantFrom<Act>({ do: 'lag' }, { do: 'rewind' }, { do: 'hint' }),
  fc.record({ do: fc.constant('spoil' as const), how: fc.constantFrom('lose' as const, 'double' as const) }),
  fc.record({
    do: fc.constant('refuse' as const),
    count: fc.integer({ min: 1, max: 3 }),
    done: fc.boolean(),
  }),
  fc.record({ do: fc.constant('swallow' as const), count: fc.integer({ min: 1, max: 2 }) }),
);

/** Longer than a dead connection may pass for a living one. */
const DEAD_MS = 20_000;

async function live(world: World, acts: readonly Act[]): Promise<string[]> {
  const { server, client, clock } = world;
  const sent: string[] = [];
  const failed: string[] = [];
  let deadFor = 0;
  for (const each of acts) {
    switch (each.do) {
      case 'emit':
        server.emit('s', ...Array.from({ length: each.count }, (_, index) => logDraft(`${index}`)));
        break;
      case 'send': {
        const id = `c${sent.length}`;
        sent.push(id);
        client
          .session('s')
          .send(`message ${id}`, { id })
          .catch((error) => failed.push(`${id}: ${error.code}`));
        break;
      }
      case 'network':
        server.network = each.to;
        // A network that comes back from silence has forgotten its connections.
        if (each.to !== 'silent') deadFor = 0;
        break;
      case 'cut':
        server.cut(each.code);
        break;
      case 'lag':
        server.lag('s');
        break;
      case 'rewind':
        server.rewind('s');
        break;
      case 'hint':
        world.hint();
        break;
      case 'spoil':
        server.spoil(each.how);
        break;
      case 'refuse':
        server.refuse('store_unavailable', each.count, each.done);
        break;
      case 'swallow':
        server.swallow(each.count);
        break;
      case 'wait':
        await clock.advance(each.ms);
        if (server.network === 'silent') deadFor += each.ms;
        if (deadFor >= DEAD_MS) expect(client.connection.getSnapshot().state).not.toBe('open');
    }
  }
  // Everything works again. What a connection lost without ending, which none does, is had from a new one.
  const lossy = new Set<Act['do']>(['network', 'spoil', 'swallow']);
  server.network = 'fine';
  server.swallow(0);
  server.spoil(undefined);
  if (acts.some((each) => lossy.has(each.do))) server.cut();
  await clock.advance(60_000);
  expect(failed).toEqual([]);
  return sent;
}

describe('whatever network and server do, once they work again', () => {
  it('every client has what the server has, saw each event once and in order, and each command was done once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const world = createWorld({ commandDeadlineMs: Infinity });
        const { server, client } = world;
        const session = server.addSession('s', 3);
        const seen = witness(client, 's');

        const sent = await live(world, acts);

        const view = client.session('s').getSnapshot();
        expect(seen.faults).toEqual([]);
        expect(view.status).toBe('live');
        expect(view.cursor).toEqual({ streamId: session.streamId, seq: session.events.length });
        const { session: record, conversation, files } = view;
        expect({ session: record, conversation, files }).toEqual(session.state());
        expect(server.done).toEqual(sent);
        expect(view.optimistic).toEqual([]);
        expect(world.errors).toEqual([]);

        client.close();
        await world.clock.advance(10);
        expect(world.clock.pending).toBe(0);
        expect(server.openSockets).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
