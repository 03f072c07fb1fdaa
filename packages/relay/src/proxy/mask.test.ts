import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMask } from './mask.ts';

/** Few letters, so that keys are found by chance, and overlap with themselves. */
const letters = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength, maxLength });

it('masks as if the answer had come in one piece, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(letters(2, 4), fc.array(letters(1, 12), { maxLength: 8 }), async (key, pieces) => {
      const masked = Readable.from(pieces.map((piece) => Buffer.from(piece))).pipe(createMask(key));
      const whole = pieces.join('');
      expect((await buffer(masked)).toString()).toBe(whole.replaceAll(key, '*'.repeat(key.length)));
    }),
  );
});

it('holds nothing back that cannot be the start of the key', async () => {
  const mask = createMask('secret-key');
  mask.write('event: one\n\n');
  expect(String(mask.read())).toBe('event: one\n\n');
});
