const PIECE = /\s{0,24}\S{1,24}|\s{1,24}/gu;

/** Cuts a text into the pieces it is streamed in, about a word each. Joined, they are the text again. */
export function splitTokens(text: string): string[] {
  return text.match(PIECE) ?? [];
}

/** The number of tokens a text counts for in the usage. */
export function countTokens(text: string): number {
  return splitTokens(text).length;
}

/** A rough count for text nobody has cut: four bytes a token. */
export function estimateTokens(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 4));
}
