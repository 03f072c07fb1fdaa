import { Transform } from 'node:stream';

/**
 * Passes bytes on as they come, with every occurrence of `secret` made unreadable. Lengths stay as they are; held back is only an
 * end of a chunk that the secret may begin with.
 */
export function createMask(secret: string): Transform {
  const key = Buffer.from(secret, 'latin1');
  const veil = Buffer.alloc(key.length, '*');
  let held = Buffer.alloc(0);

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      // A copy where something was held or is found: the chunk belongs to who sent it.
      let bytes = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
      for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length)) {
        if (bytes === chunk) bytes = Buffer.from(chunk);
        veil.copy(bytes, at);
      }
      const keep = beginningAtEnd(bytes, key);
      held = Buffer.from(bytes.subarray(bytes.length - keep));
      done(null, bytes.subarray(0, bytes.length - keep));
    },
    flush(done) {
      done(null, held);
    },
  });
}

/** How many of the last bytes are the first of the key; the longest such end, never all of the key. */
function beginningAtEnd(bytes: Buffer, key: Buffer): number {
  for (let length = Math.min(bytes.length, key.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(key.subarray(0, length))) return length;
  }
  return 0;
}
