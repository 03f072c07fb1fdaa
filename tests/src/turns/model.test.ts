import { describe, expect, it } from 'vitest';
import { ofType, textOf } from '../harness/blocks.ts';
import { TOGETHER } from '../harness/deadline.ts';
import { sharedPlace } from '../harness/shared-place.ts';

describe('a turn of Claude, when the model', TOGETHER, () => {
  const place = sharedPlace({ sandbox: 'plain' });
  const newSession = () => place().session({ transport: 'rest' });

  it('refuses, fails with a code, and the session goes on [TURN-model-error]', async () => {
    const { seen, turn } = await newSession();
    const failed = await turn('sim:error status=400 message="the model says no"');
    expect(failed).toMatchObject({
      type: 'turn:failed',
      payload: { code: 'model_error', message: expect.stringContaining('the model says no') },
    });
    expect(seen.state().session.lastTurn).toMatchObject({ outcome: 'failed', code: 'model_error' });
    expect((await turn('sim:text content="back again"')).type).toBe('turn:completed');
    expect(textOf(seen.state().conversation.blocks)).toContain('back again');
  });

  it('is overloaded, asks it again [TURN-overload-retried]', async () => {
    const { seen, turn } = await newSession();
    const ending = await turn('sim:error status=529 times=2');
    expect(ending.type).toBe('turn:completed');
    expect(seen.state().conversation.blocks.at(-1)).toMatchObject({
      type: 'assistant_text',
      status: 'complete',
    });
  });

  it('breaks off, takes back what it said and asks again [DIES-model-attempt]', async () => {
    const { seen, turn } = await newSession();
    const ending = await turn('sim:error after=30 rate=30 times=1 cut=true');
    expect(ending.type).toBe('turn:completed');
    const { payload } = await seen.until('block:discarded');
    const { blocks } = seen.state().conversation;
    expect(blocks.map(({ id }) => id)).not.toContain(payload.blockId);
    expect(ofType(blocks, 'assistant_text')).toHaveLength(1);
  });

  it('answered, says what that used [TURN-usage]', async () => {
    const { seen, turn } = await newSession();
    const ending = await turn('sim:text content="a few words"');
    expect(ending).toMatchObject({
      type: 'turn:completed',
      payload: { usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) } },
    });
    expect(seen.state().session.usage.outputTokens).toBeGreaterThan(0);
  });
});
