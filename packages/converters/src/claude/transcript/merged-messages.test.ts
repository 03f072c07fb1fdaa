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
  for (const _ of queued) merged.noteQueue({ operation: 'dequeue' });
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

  it('take nothing from messages that were answered before', () => {
    const merged = createMergedMessages();
    merged.noteQueue({ operation: 'enqueue', content: 'before' });
    merged.noteQueue({ operation: 'dequeue' });
    expect(merged.split({ uuid: 'a', message: { content: 'before' } })).toEqual([
      { id: 'a', content: 'before' },
    ]);
    for (const content of ['one', 'two']) merged.noteQueue({ operation: 'enqueue', content });
    for (const _ of [1, 2]) merged.noteQueue({ operation: 'dequeue' });
    expect(merged.split({ uuid: 'c', mergedSendUuids: ['b'], message: { content: 'one\ntwo' } })).toEqual([
      { id: 'b', content: 'one' },
      { id: 'c', content: 'two' },
    ]);
  });
});
