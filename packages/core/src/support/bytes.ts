const encoder = new TextEncoder();

/** Bytes of the text in UTF-8. */
export const byteLength = (text: string): number => encoder.encode(text).length;

/** The parts as one. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
