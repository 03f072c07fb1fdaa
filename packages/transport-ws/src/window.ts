/**
 * What a reader was sent and has not acknowledged. The operating system takes megabytes before it says that a peer does
 * not read, so acknowledgements tell more; a client that never sends any is not held to them.
 */
export interface Window {
  readonly outstandingBytes: number;
  sent(seq: number, bytes: number): void;
  acknowledged(seq: number): void;
}

export function createWindow(): Window {
  let acknowledges = false;
  let outstandingBytes = 0;
  const frames: { seq: number; bytes: number }[] = [];
  return {
    get outstandingBytes() {
      return outstandingBytes;
    },
    sent(seq, bytes) {
      if (!acknowledges) return;
      frames.push({ seq, bytes });
      outstandingBytes += bytes;
    },
    acknowledged(seq) {
      acknowledges = true;
      const handled = frames.findIndex((frame) => frame.seq > seq);
      const done = frames.splice(0, handled < 0 ? frames.length : handled);
      outstandingBytes -= done.reduce((sum, { bytes }) => sum + bytes, 0);
    },
  };
}
