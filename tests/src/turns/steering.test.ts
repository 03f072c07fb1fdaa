import { claude } from '@hhopkins/agent-converters';
import type { EventType, SendMessageResponse } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { ofType } from '../harness/blocks.ts';
import { TOGETHER } from '../harness/deadline.ts';
import type { Followed, Place } from '../harness/place.ts';
import { sharedPlace } from '../harness/shared-place.ts';
import { test } from '../harness/test.ts';
import type { Witness } from '../harness/witness.ts';

/** What a turn tells at its edges, where a message may come too early for its agent or too late. */
const MOMENTS: readonly EventType[] = [
  'turn:queued',
  'turn:started',
  'block:upsert',
  'block:delta',
  'turn:completed',
];

/** Contents of messages that were shown, as often as they were, and whether the agent's own record has each message. */
async function told(place: Place, { id, seen }: Followed, messageIds: readonly string[]) {
  await place.rest.ask('POST', `/sessions/${id}/sync`);
  const [{ raw: main } = { raw: '' }] = place.store.query<{ raw: string }>(
    `SELECT raw FROM agent_transcripts WHERE session_id = ? AND subagent_id = ''`,
    id,
  );
  const blocks = ofType(seen.state().conversation.blocks, 'user_message');
  return {
    shown: blocks.map(({ content }) => String(content)).filter((content) => content.startsWith('steered')),
    heard: messageIds.map((messageId) => claude.transcriptHasMessage(main, messageId)),
  };
}

/** Waits until the turns are over in which the messages are shown: one that came too late has a turn of its own. */
async function untilOver(seen: Witness, messageIds: readonly string[]): Promise<void> {
  for (const messageId of messageIds) {
    const shown = await seen.until('block:upsert', ({ payload }) => payload.block.id === messageId);
    await seen.untilEnded(shown.context.turnId as string);
  }
}

/** A session in the midst of an answer of so many tokens, thirty a second. */
async function answering(place: Place, tokens: number) {
  await place.start();
  const session = await place.session();
  const { turnId } = await place.rest.send(session.id, `sim:slow tokens=${tokens} rate=30`);
  await session.seen.until('block:delta');
  return { place, session, turnId };
}

describe('a message that steers a turn of Claude', TOGETHER, () => {
  const place = sharedPlace({});

  it.each(['of a new session', 'of a session whose agent rests'])(
    '%s is shown once and heard once, whenever it comes [TURN-steer-heard-once]',
    async (which) => {
      const session = await place().session();
      const { id, seen, turn } = session;
      if (which !== 'of a new session') await turn('sim:text content="before"');
      const begun = seen.events.length;
      const steered: Promise<SendMessageResponse>[] = [];
      const steer = () => {
        const content = `steered ${steered.length}`;
        steered.push(place().rest.send(id, { content, delivery: 'steer' }));
      };
      const steering = MOMENTS.map((moment) => seen.until(moment, ({ seq }) => seq > begun).then(steer));
      const prompt = await place().rest.send(id, 'sim:text tokens=30 rate=60');
      steer();
      await Promise.all(steering);
      const answers = await Promise.all(steered);
      await seen.untilEnded(prompt.turnId);
      const messageIds = answers.map(({ messageId }) => messageId);
      await untilOver(seen, messageIds);
      await turn('sim:text content="after"');

      const { shown, heard } = await told(place(), session, messageIds);
      expect(shown.toSorted()).toEqual(messageIds.map((_, index) => `steered ${index}`));
      expect(heard).toEqual(messageIds.map(() => true));
      expect(seen.state().session).toMatchObject({ status: 'idle', queue: [] });
      expect(seen.faults).toEqual([]);
    },
  );
});

describe('messages that steer a turn of Claude', TOGETHER, () => {
  const MESSAGES = [0, 1, 2].map((index) => `steered ${index}`);

  test('are shown once and heard once although the server is killed as they come [TURN-steer-heard-once]', async ({
    open,
  }) => {
    const { place, session, turnId } = await answering(await open(), 60);
    const { id, seen, turn } = session;
    const steer = (content: string) => place.rest.send(id, { content, delivery: 'steer' }, content);
    const sending = MESSAGES.map((content) => steer(content).catch(() => undefined));
    await sending[0];
    await place.server().end('SIGKILL');
    await Promise.all(sending);
    await place.start();
    const answers = await Promise.all(MESSAGES.map(steer));
    expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');
    const messageIds = answers.map(({ messageId }) => messageId);
    await untilOver(seen, messageIds);
    await turn('sim:text content="after"');
    const { shown, heard } = await told(place, session, messageIds);
    expect(shown.toSorted()).toEqual(MESSAGES);
    expect(heard).toEqual([true, true, true]);
  });

  test('are each shown once when the runner dies, and have a turn of their own unless the lost one had them [TURN-steer-heard-once]', async ({
    open,
  }) => {
    const { place, session, turnId } = await answering(await open(), 600);
    const { id, seen, turn } = session;
    const sending = MESSAGES.map((content) => place.rest.send(id, { content, delivery: 'steer' }));
    await sending[0];
    for (const { pid, command } of place.processes())
      if (/agent-runner\.mjs serve/.test(command)) process.kill(pid, 'SIGKILL');
    const messageIds = (await Promise.all(sending)).map(({ messageId }) => messageId);
    expect(await seen.untilEnded(turnId)).toMatchObject({ payload: { code: 'runner_lost' } });
    await untilOver(seen, messageIds);
    expect((await turn('sim:text content="after"')).type).toBe('turn:completed');
    const { shown, heard } = await told(place, session, messageIds);
    expect(shown.toSorted()).toEqual(MESSAGES);
    const lost = seen.state().conversation.blocks.filter((block) => block.turnId === turnId);
    messageIds.forEach((messageId, index) => {
      expect(heard[index] || lost.some((block) => block.id === messageId)).toBe(true);
    });
  });
});
