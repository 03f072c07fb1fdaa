import { describe, expect } from 'vitest';
import { essence, textOf } from '../harness/blocks.ts';
import { TOGETHER } from '../harness/deadline.ts';
import { TRANSPORTS } from '../harness/follow.ts';
import { ISOLATIONS, type Place } from '../harness/place.ts';
import { test } from '../harness/test.ts';

/** The process of the agent itself, which no restart of the server may touch. */
const agentOf = (place: Place) =>
  place
    .processes()
    .filter(({ command }) => /claude\S* --output-format|agent-runner\.mjs serve/.test(command));

describe.each(ISOLATIONS)('kill -9 of the server while Claude works in a %s sandbox', TOGETHER, (sandbox) => {
  test('is not noticed by the agent, and clients go on from their cursor to the same blocks [DIES-server] [LIFE-same-agent-after-kill] [LAW-06-position-with-events]', async ({
    open,
  }) => {
    const place = await open({ sandbox });
    await place.start();
    const disturbed = await place.session();
    const message = 'sim:slow tokens=120 rate=30';
    const { turnId } = await place.rest.send(disturbed.id, message);
    await disturbed.seen.until('block:delta');
    const before = agentOf(place);
    expect(before).toHaveLength(2);

    await place.server().end('SIGKILL');
    await place.start();

    expect((await disturbed.seen.untilEnded(turnId)).type).toBe('turn:completed');
    expect(agentOf(place)).toEqual(before);
    expect(disturbed.seen.events.map(({ seq }) => seq)).toEqual(
      disturbed.seen.events.map((_, index) => index + 1),
    );
    expect(disturbed.seen.events.filter(({ type }) => type === 'turn:started')).toHaveLength(1);

    const undisturbed = await place.session();
    await undisturbed.turn(message);
    expect(essence(disturbed.seen.state().conversation)).toEqual(
      essence(undisturbed.seen.state().conversation),
    );
  });
});

describe('kill -9 of the server, again and again', TOGETHER, () => {
  test.for(TRANSPORTS)(
    'loses and doubles nothing over %s [LAW-01-seq-for-ever] [LAW-02-durable-before-visible] [LAW-07-started-never-again]',
    async (transport, { open }) => {
      const place = await open({ agent: 'scripted' });
      await place.start();
      const { id, seen } = await place.session({ transport });
      // Each part waits for its round, however long a server takes to start.
      const { turnId } = await place.rest.send(id, 'text 100 50\nask go\ntext 100 50\nask go\ntext 100 50');
      let seq = 0;
      for (const round of [1, 2, 3]) {
        await seen.until('block:delta', (event) => event.seq > seq);
        await place.server().end('SIGKILL');
        await place.start();
        expect(seen.faults, `after kill ${round}`).toEqual([]);
        if (round === 3) break;
        const asked = await seen.until('permission:requested', (event) => event.seq > seq);
        seq = asked.seq;
        const answer = { decision: 'allow' };
        await place.rest.ask('POST', `/sessions/${id}/permissions/${asked.payload.requestId}`, answer);
      }
      expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');

      const texts = textOf(seen.state().conversation.blocks).split('\n');
      expect(texts.map((text) => text.split(' ').length)).toEqual([100, 100, 100]);
      const read = await place.rest.events(id);
      expect(read.events.slice(0, seen.events.length)).toEqual(seen.events);
      expect(read.streamId).toBe(seen.cursor?.streamId);
    },
  );
});

describe('a message that was acknowledged', TOGETHER, () => {
  test('runs although the server was killed at that moment [LAW-07-stored-before-ack] [LAW-07-turns-in-order]', async ({
    open,
  }) => {
    const place = await open({ agent: 'scripted' });
    await place.start();
    const { id, seen } = await place.session();
    const first = await place.rest.send(id, 'say first');
    const second = await place.rest.send(id, 'say second');
    await place.server().end('SIGKILL');
    await place.start();
    await seen.untilEnded(first.turnId);
    expect((await seen.untilEnded(second.turnId)).type).toBe('turn:completed');
    expect(textOf(seen.state().conversation.blocks)).toBe('first\nsecond');
  });

  test('runs once when it is sent again with its key to the next server [LAW-07-same-key-once]', async ({
    open,
  }) => {
    const place = await open({ agent: 'scripted' });
    await place.start();
    const { id, seen } = await place.session();
    const first = await place.rest.send(id, 'text 60 40', 'key-1');
    await seen.until('block:delta');
    await place.server().end('SIGKILL');
    await place.start();
    expect(await place.rest.send(id, 'text 60 40', 'key-1')).toEqual(first);
    await seen.untilEnded(first.turnId);
    const last = await place.rest.send(id, 'say last');
    await seen.untilEnded(last.turnId);
    expect(seen.events.filter(({ type }) => type === 'turn:started')).toHaveLength(2);
  });
});

describe('the next server after SIGTERM', TOGETHER, () => {
  test('takes up the run that was left to it [SAFE-termination-leaves-runs]', async ({ open }) => {
    const place = await open({ agent: 'scripted' });
    await place.start();
    const { id, seen } = await place.session();
    const { turnId } = await place.rest.send(id, 'text 120 40');
    await seen.until('block:delta');
    const before = agentOf(place);
    expect(await place.server().end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(agentOf(place)).toEqual(before);
    await place.start();
    expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');
    expect(textOf(seen.state().conversation.blocks).split(' ')).toHaveLength(120);
  });
});
