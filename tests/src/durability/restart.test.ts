import { claude } from '@hhopkins/agent-converters';
import { describe, expect } from 'vitest';
import { agreed, textOf } from '../harness/blocks.ts';
import { TOGETHER } from '../harness/deadline.ts';
import { ISOLATIONS } from '../harness/place.ts';
import { test } from '../harness/test.ts';

describe.each(ISOLATIONS)(
  'after the server was ended by Ctrl-C and started again, in a %s sandbox',
  TOGETHER,
  (sandbox) => {
    test('the blocks are the same and the agent remembers [LIFE-restart-same-blocks] [LIFE-restart-remembers] [LAW-10-native-resume] [LAW-01-seq-for-ever]', async ({
      open,
    }) => {
      const place = await open({ sandbox });
      await place.start();
      const { id, seen, turn } = await place.session();
      await turn('sim:subagent cmd="echo something"');
      await turn('sim:write path=kept.txt content=kept');
      await place.interrupt();
      expect(place.processes()).toEqual([]);
      const before = seen.state().conversation;

      await place.start();
      const { conversation, seq } = await place.rest.get(id);
      expect(conversation).toEqual(before);
      expect(seq).toBeGreaterThanOrEqual(seen.cursor?.seq ?? 0);
      expect(await place.rest.file(id, 'kept.txt')).toBe('kept');

      await turn('sim:recall');
      expect(textOf(seen.state().conversation.blocks)).toContain('sim:write path=kept.txt');
      const { payload } = await seen.until('session:restored');
      expect(payload).toMatchObject({
        fidelity: 'native',
        workspaceAsOf: expect.any(String),
        transcriptAsOf: expect.any(String),
      });
      expect(await place.rest.file(id, 'kept.txt')).toBe('kept');
    });
  },
);

describe('the transcript that was saved', TOGETHER, () => {
  test('tells the same conversation as the live events [LAW-11-live-equals-reloaded]', async ({ open }) => {
    const place = await open();
    await place.start();
    const { id, seen, turn } = await place.session();
    await turn('sim:shell-and-write cmd="echo hi" path=a.txt content=a');
    await turn('sim:subagent cmd="echo inside"');
    await seen.until('transcript:saved', ({ payload }) => payload.subagents === 1);

    const live = seen.state().conversation;
    const main = await place.rest.ask<string>('GET', `/sessions/${id}/transcript`);
    const subagents = await Promise.all(
      live.subagents.map(async (subagent) => {
        const query = `?subagentId=${encodeURIComponent(subagent.id)}`;
        const { body } = await place.rest.ask<string>('GET', `/sessions/${id}/transcript${query}`);
        return { id: subagent.id, raw: body };
      }),
    );
    const { conversation: reloaded } = claude.parseClaudeTranscript({ main: main.body, subagents });
    expect(agreed(reloaded)).toEqual(agreed(live));
  });
});
