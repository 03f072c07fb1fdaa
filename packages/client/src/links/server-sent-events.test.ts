import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createEventDecoder } from './server-sent-events.ts';

const stream = [
  'retry: 1000\n\n',
  ': a comment\n\n',
  'event: subscribed\nid: s:1\ndata: {"seq":1}\n\n',
  'data: one\ndata:two\n\n',
  'data\r\n\r\n',
  'data: ümläut\r\r',
  'event: nothing\n\n',
  'data: not ended',
].join('');

const expected = [
  { event: 'subscribed', data: '{"seq":1}' },
  { event: 'message', data: 'one\ntwo' },
  { event: 'message', data: '' },
  { event: 'message', data: 'ümläut' },
];

it('reads a stream as the standard has it', () => {
  expect(createEventDecoder().push(stream)).toEqual(expected);
});

it('reads the same wherever the chunks begin and end', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 120, maxLength: 120 }), (sizes) => {
      const decoder = createEventDecoder();
      let at = 0;
      const events = sizes.flatMap((size) => {
        const chunk = stream.slice(at, at + size);
        at += size;
        return decoder.push(chunk);
      });
      expect(events).toEqual(expected);
    }),
  );
});
