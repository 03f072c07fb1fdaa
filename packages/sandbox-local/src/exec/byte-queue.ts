/** Bytes between a connection that pushes and one reader that pulls. Bounded by what the pusher was granted. */
export interface ByteQueue extends AsyncIterable<Uint8Array> {
  push(bytes: Uint8Array): void;
  /** No more will come; what was pushed is still read. */
  end(): void;
  /** Drops what is unread and all that comes. */
  discard(): void;
}

/** @param onTaken told of bytes that left the queue, so that as many more may come */
export function byteQueue(onTaken: (bytes: number) => void): ByteQueue {
  const chunks: Uint8Array[] = [];
  let ended = false;
  let discarding = false;
  let iterated = false;
  let wake: (() => void) | undefined;

  const discard = () => {
    discarding = true;
    for (const chunk of chunks.splice(0)) onTaken(chunk.length);
    wake?.();
  };
  return {
    push(bytes) {
      if (ended || bytes.length === 0) return;
      if (discarding) {
        onTaken(bytes.length);
        return;
      }
      chunks.push(bytes);
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    discard,
    [Symbol.asyncIterator]() {
      if (iterated) throw new TypeError('The stream has been iterated already; it can be read once.');
      iterated = true;
      return {
        async next() {
          for (;;) {
            const chunk = chunks.shift();
            if (chunk) {
              onTaken(chunk.length);
              return { done: false, value: chunk };
            }
            if (ended || discarding) return { done: true, value: undefined };
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
            wake = undefined;
          }
        },
        async return() {
          // A reader that leaves early must not leave the program blocked on its output.
          discard();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
