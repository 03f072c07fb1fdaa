import { LIMITS } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storablePayload } from './payload.ts';

const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const anyPayload = fc.dictionary(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.oneof(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.jsonValue({ stringUnit: 'binary' })),
  { maxKeys: 8 },
);

describe('a payload', () => {
  it('that is plain and small stays as it is', () => {
    const payload = { text: 'hello\n\u{1F600} "quoted"', list: [1, null, true] };
    expect(storablePayload(payload)).toBe(payload);
  });

  it('has NULs and lone surrogates replaced, in texts and in keys', () => {
    const half = String.fromCharCode(0xd83d);
    expect(storablePayload({ 'a\0': [`b${half}c\0`, '\u{1F600}'] })).toEqual({
      'a\uFFFD': ['b\uFFFDc\uFFFD', '\u{1F600}'],
    });
  });

  it('is always storable and within the bound, whatever it was', () => {
    fc.assert(
      fc.property(anyPayload, fc.integer({ min: 600, max: 4_000 }), (payload, maximum) => {
        const result = storablePayload(payload, maximum);
        const json = JSON.stringify(result);
        expect(sizeOf(result)).toBeLessThanOrEqual(maximum);
        expect(json).not.toContain('\\u0000');
        expect(json).not.toMatch(/\\ud[89a-f]/);
      }),
    );
  });

  it('has long texts cut, with an honest count of what is missing', () => {
    const text = 'abcdefghij'.repeat(100_000);
    const result = storablePayload({ block: { id: 'b', content: text } }) as { block: { content: string } };
    const match = /^([a-j]+)\n\[(\d+) more characters were cut\]$/.exec(result.block.content);
    expect((match?.[1]?.length ?? 0) + Number(match?.[2])).toBe(text.length);
    expect(match?.[1]?.length).toBeGreaterThan(LIMITS.eventPayload / 4);
  });

  it('does not cut characters in half', () => {
    const result = storablePayload({ text: '\u{1F600}'.repeat(200_000) }) as { text: string };
    expect(result.text).not.toContain('\uFFFD');
  });

  it('has an image that does not fit replaced as a whole', () => {
    const source = { type: 'base64', mediaType: 'image/png', data: 'A'.repeat(1_000_000) };
    const content = [
      { type: 'text', text: 'look' },
      { type: 'image', source },
    ];
    expect(storablePayload({ block: { content } })).toEqual({
      block: {
        content: [
          { type: 'text', text: 'look' },
          { type: 'text', text: '[an image of 1000000 characters was left out]' },
        ],
      },
    });
  });

  it('that is large without long texts loses its largest part, and keeps its shape', () => {
    const input = { rows: Array.from({ length: 100_000 }, (_, index) => index), name: 'table' };
    const result = storablePayload({ block: { id: 'b', type: 'tool_use', input } });
    expect(result).toEqual({
      block: {
        id: 'b',
        type: 'tool_use',
        input: { rows: expect.stringContaining('left out'), name: 'table' },
      },
    });
  });

  it('of very many small parts is cut in good time', () => {
    const data = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key${index}`, index]));
    expect(storablePayload({ level: 'info', message: 'table', data })).toEqual({
      level: 'info',
      message: 'table',
      data: expect.stringContaining('left out'),
    });
  });
});
