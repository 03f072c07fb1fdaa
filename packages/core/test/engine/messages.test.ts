import { describe, expect, it } from 'vitest';
import { createWorld } from '../doubles/world.ts';

describe('a message', () => {
  it('is stored before it is answered', async () => {
    const world = await createWorld();
    const session = await world.session();
    const { turnId, messageId } = await session.send('hello');
    const [queued] = session.of('turn:queued');
    expect(queued?.payload).toMatchObject({ turnId, messageId, content: 'hello' });
    expect(world.store.stream(session.id)?.commands.size).toBe(1);
  });

  it('runs as a turn, and its answer comes into the conversation', async () => {
    const world = await createWorld();
    const session = await world.session();
    const { turnId } = await session.send('hello');
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    const { conversation } = await world.clock.wait(world.engine.sessions.get(session.id));
    expect(conversation.blocks.map((block) => block.type)).toEqual(['user_message', 'assistant_text']);
    expect(world.store.record(session.id)?.status).toBe('idle');
  });
});
