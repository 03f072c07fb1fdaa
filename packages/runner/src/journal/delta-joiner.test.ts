import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DriverEvent } from '../drivers/driver.ts';
import { createDeltaJoiner } from './delta-joiner.ts';

const delta = (text: string, blockId = 'b', conversationId = 'main'): DriverEvent<'block:delta'> => ({
  type: 'block:delta',
  conversationId,
  payload: { blockId, delta: text },
});
const discarded = (blockId: string, conversationId = 'main'): DriverEvent<'block:discarded'> => ({
  type: 'block:discarded',
  conversationId,
  payload: { blockId, reason: 'test' },
});
const log: DriverEvent = {
  type: 'turn:started',
  conversationId: 'main',
  payload: { turnId: 't', messageId: 'm' },
};

describe('deltas', () => {
  let given: DriverEvent[];
  const joiner = () => createDeltaJoiner(40, (event) => given.push(event));
  const texts = () => given.map((event) => (event.type === 'block:delta' ? event.payload.delta : event.type));

  beforeEach(() => {
    given = [];
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('of one block are joined over a time', () => {
    const { push } = joiner();
    for (const text of ['a', 'b', 'c']) push(delta(text));
    expect(given).toEqual([]);
    vi.advanceTimersByTime(40);
    expect(given).toEqual([delta('abc')]);
    push(delta('d'));
    vi.advanceTimersByTime(40);
    expect(texts()).toEqual(['abc', 'd']);
  });

  it('come before whatever follows them in their conversation', () => {
    const { push } = joiner();
    push(delta('a', 'b1'));
    push(delta('b', 'b2'));
    push(discarded('b2'));
    expect(given).toEqual([delta('a', 'b1'), delta('b', 'b2'), discarded('b2')]);
  });

  it('of other conversations wait on, unless the event is of the whole turn', () => {
    const { push } = joiner();
    push(delta('a', 'b', 'sub'));
    push(discarded('x'));
    expect(given).toEqual([discarded('x')]);
    push(log);
    expect(given.slice(1)).toEqual([delta('a', 'b', 'sub'), log]);
  });

  it('do not wait for ever when they are many', () => {
    const { push } = joiner();
    push(delta('x'.repeat(40_000)));
    expect(given).toHaveLength(1);
  });

  it('that are too long for an event are split, their text unchanged', () => {
    const { push } = joiner();
    const text = '\u{1F600}'.repeat(100_000);
    push(delta(text));
    expect(given.length).toBeGreaterThan(1);
    expect(texts().join('')).toBe(text);
    for (const part of texts()) expect(part).not.toMatch(/^\p{Surrogate}|\p{Surrogate}$/u);
  });

  it('never part a character when its halves come one after the other', () => {
    const { push } = joiner();
    const [high, low] = ['\u{1F600}'.slice(0, 1), '\u{1F600}'.slice(1)];
    push(delta(`a${high}`));
    vi.advanceTimersByTime(40);
    expect(texts()).toEqual(['a']);
    push(delta(`${low}b`));
    vi.advanceTimersByTime(40);
    expect(texts()).toEqual(['a', '\u{1F600}b']);
  });
});
