import type { ModelApi } from '../apis/model-api.ts';

/** Longer than any form of a count, in characters. */
const OVERLAP = 64;

/** Reads off an answer's bytes how many tokens the model wrote, without understanding the answer. */
export interface OutputMeter {
  add(chunk: Buffer): void;
  /** Of an answer that broke off before its final count, at least one token for each streamed piece. */
  tokens(): number;
}

export function createOutputMeter({ outputTokens, streamedPiece }: ModelApi): OutputMeter {
  let highest = 0;
  let pieces = 0;
  let tail = '';
  return {
    add(chunk) {
      const text = tail + chunk.toString('latin1');
      // Counts in an answer are totals so far: the highest is the last.
      for (const [, digits] of text.matchAll(outputTokens)) highest = Math.max(highest, Number(digits));
      // A piece is counted where it ends, so that the overlap counts none twice.
      for (let at = text.indexOf(streamedPiece); at >= 0; at = text.indexOf(streamedPiece, at + 1)) {
        if (at + streamedPiece.length > tail.length) pieces += 1;
      }
      tail = text.slice(-OVERLAP);
    },
    tokens: () => Math.max(highest, pieces),
  };
}
