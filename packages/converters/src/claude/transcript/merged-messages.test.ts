import { describe, expect, it } from 'vitest';
import type { JsonRecord } from '../json.ts';
import { createMergedMessages } from './merged-messages.ts';

const text = (of: string) => ({ type: 'text', text: of });
const IMAGE = { type: 'image', source: {} };

/** @param queued texts of the messages that waited; null for one with more than text */
function split(queued: readonly (string | null)[], content: unknown, ids: readonly string[]) {
  const merged = createMergedMessages();
  for (const each of queued)
    merged.noteQueue({ operation: 'enqueue', ...(each === null ? {} : { content: each }) } as JsonRecord);
  return merged.split({ uuid: ids.at(-1), mergedSendUuids: ids.slice(0, -1), message: { content } });
}

describe('messages that Claude Code put together', () => {
  it('are taken apart where the queue says, whatever lines they have', () => {
    expect(split(['one\ntwo', 'three'], 'one\ntwo\nthree', ['a', 'b'])).toEqual([
      { id: 'a', content: 'one\ntwo' },
      { id: 'b', content: 'three' },
    ]);
  });

  it('are taken apart around one with more than text', () => {
    const content = [text('one\n'), text('two'), IMAGE, text('three')];
    expect(split(['one', null, 'three'], content, ['a', 'b', 'c'])).toEqual([
      { id: 'a', content: 'one' },
      { id: 'b', content: [text('two'), IMAGE] },
      { id: 'c', content: 'three' },
    ]);
  });

  it.each([
    ['the queue is not told', [], 'one\ntwo'],
    ['the queue tells something else', ['one', 'three'], 'one\ntwo'],
    ['two with more than text follow each other', [null, null], [IMAGE, IMAGE]],
  ])('are all the first one when %s', (_, queued, content) => {
    expect(split(queued, content, ['a', 'b'])).toEqual([{ id: 'a', content }]);
  });

  it('are taken apart whatever else went through the queue', () => {
    const merged = createMergedMessages();
    const enqueue = (content: string) => merged.noteQueue({ operation: 'enqueue', content });
    enqueue('taken up within a turn');
    merged.noteQueue({ operation: 'remove', content: 'taken up within a turn' });
    enqueue('left behind by an agent that was killed');
    enqueue('a prompt');
    merged.noteQueue({ operation: 'dequeue' });
    enqueue('one');
    enqueue('<task-notification>a task ended</task-notification>');
    enqueue('two');
    enqueue('three');
    merged.noteQueue({ operation: 'remove', content: 'three' });
    const line = (uuid: string, other: string, content: string) =>
      merged.split({ uuid, mergedSendUuids: [other], message: { content } });
    expect(line('b', 'a', 'one\ntwo').map(({ content }) => content)).toEqual(['one', 'two']);
    expect(line('d', 'c', 'one\ntwo').map(({ content }) => content)).toEqual(['one\ntwo']);
  });
});
