/** Bytes one way, in memory, to be read once. */
export interface BytePipe extends AsyncIterable<Uint8Array> {
  write(data: Uint8Array | string): void;
  end(): void;
  readonly ended: boolean;
}

export function createBytePipe(): BytePipe {
  const chunks: Uint8Array[] = [];
  let ended = false;
  let wake = () => {};
  return {
    write(data) {
      if (ended) return;
      chunks.push(typeof data === 'string' ? new TextEncoder().encode(data) : data.slice());
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    get ended() {
      return ended;
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const chunk = chunks.shift();
        if (chunk) yield chunk;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}
