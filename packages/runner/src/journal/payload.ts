import { LIMITS } from '@hhopkins/agent-protocol';

const REPLACEMENT = '\uFFFD';
const UNSTORABLE = /\0|\p{Surrogate}/gu;
const DEEPEST = 64;
/** Texts of up to this length stay whole, in characters. */
const SHORTEST_CUT = 64;

/** Text that every store takes: without NUL and lone surrogates. */
const storableText = (text: string): string => text.replace(UNSTORABLE, REPLACEMENT);

/**
 * A payload that every store takes and that is no longer than `maximumBytes` as JSON. Long strings are cut and say how
 * much is missing; an image that does not fit becomes a line of text.
 */
export function storablePayload(payload: unknown, maximumBytes: number = LIMITS.eventPayload): unknown {
  const json = JSON.stringify(payload) ?? 'null';
  // JSON.stringify escapes exactly what must be replaced, among a few harmless control characters.
  const clean = !json.includes('\\u') && Buffer.byteLength(json) <= maximumBytes;
  if (clean) return payload;
  const plain: unknown = JSON.parse(json);
  const shortest = rewrite(plain, SHORTEST_CUT, 0);
  if (bytesOf(shortest) > maximumBytes) return leaveOutLargest(shortest, maximumBytes);
  for (let longest = maximumBytes; longest > SHORTEST_CUT; longest = Math.floor(longest / 2)) {
    const cut = rewrite(plain, longest, 0);
    if (bytesOf(cut) <= maximumBytes) return cut;
  }
  return shortest;
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

function rewrite(value: unknown, longest: number, depth: number): unknown {
  if (typeof value === 'string') return cutText(storableText(value), longest);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '[a value nested too deeply was left out]';
  const image = imageNote(value, longest);
  if (image) return image;
  if (Array.isArray(value)) return value.map((item) => rewrite(item, longest, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [storableText(key), rewrite(item, longest, depth + 1)]),
  );
}

/** A string of at most about `longest` characters with a note of what is missing. */
function cutText(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const kept = storableText(text.slice(0, longest)).replace(/\uFFFD$/, '');
  return `${kept}\n[${text.length - kept.length} more characters were cut]`;
}

/** Half a picture is none: what stands for one that is too long. */
function imageNote(value: object, longest: number): { type: 'text'; text: string } | undefined {
  const part = value as { type?: unknown; source?: { data?: unknown } };
  if (part.type !== 'image' || typeof part.source?.data !== 'string') return undefined;
  if (part.source.data.length <= longest) return undefined;
  return { type: 'text', text: `[an image of ${part.source.data.length} characters was left out]` };
}

/** For values that are large without long strings: the largest part goes, one after the other. */
function leaveOutLargest(payload: unknown, maximumBytes: number): unknown {
  let current = payload;
  while (bytesOf(current) > maximumBytes) {
    if (!isRecord(current)) return noteOf(current);
    current = withoutLargest(current, 0);
  }
  return current;
}

const NOTE = /^\[a value of \d+ bytes was left out\]$/;
const noteOf = (value: unknown) => `[a value of ${bytesOf(value)} bytes was left out]`;
const isNote = (value: unknown) => typeof value === 'string' && NOTE.test(value);
const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Objects with more parts than any event has go as a whole. */
const MOST_PARTS = 64;

/** A part that is most of its object goes alone; in an object of many parts, or at some depth, the object goes. */
function withoutLargest(value: object, depth: number): unknown {
  const parts = Object.entries(value)
    .filter(([, part]) => !isNote(part))
    .map(([key, part]) => ({ key, part, bytes: bytesOf(part) }));
  const [first] = parts;
  if (!first) return noteOf(value);
  const { key, part: largest, bytes } = parts.reduce((a, b) => (a.bytes >= b.bytes ? a : b), first);
  if ((depth >= 2 || parts.length > MOST_PARTS) && bytes < bytesOf(value) / 2) return noteOf(value);
  const left = isRecord(largest) && depth < 4 ? withoutLargest(largest, depth + 1) : noteOf(largest);
  return { ...value, [key]: left };
}
