import { LIMITS } from '@hhopkins/agent-protocol';

const REPLACEMENT = '\uFFFD';
const UNSTORABLE = /\0|\p{Surrogate}/gu;
const DEEPEST = 64;

/** Text that every store takes: without NUL and lone surrogates. */
export const storableText = (text: string): string => text.replace(UNSTORABLE, REPLACEMENT);

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
  for (let longest = maximumBytes; longest >= 64; longest = Math.floor(longest / 2)) {
    const cut = rewrite(plain, longest, 0);
    if (bytesOf(cut) <= maximumBytes) return cut;
  }
  return leaveOutLargest(rewrite(plain, 64, 0), maximumBytes);
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
export function cutText(text: string, longest: number): string {
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
  for (let round = 0; round < 100 && bytesOf(current) > maximumBytes; round += 1) {
    current = withoutLargest(current, maximumBytes, 0);
  }
  return current;
}

function withoutLargest(value: unknown, maximumBytes: number, depth: number): unknown {
  const bytes = bytesOf(value);
  const isField = depth >= 2;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > 4) {
    return `[a value of ${bytes} bytes was left out]`;
  }
  const [key, largest] = Object.entries(value).reduce((left, right) =>
    bytesOf(left[1]) >= bytesOf(right[1]) ? left : right,
  );
  const mostly = isField && bytesOf(largest) < bytes / 2;
  if (mostly) return `[a value of ${bytes} bytes was left out]`;
  return { ...value, [key]: withoutLargest(largest, maximumBytes, depth + 1) };
}
