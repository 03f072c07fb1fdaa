import { type JsonRecord, recordAt, recordsAt, textAt } from '../json.ts';

/** A message of the user as the transcript keeps it; `content` is Claude's form of it. */
export interface SavedMessage {
  id: string;
  content: unknown;
}

/** The ids under which Claude was given what a `user` line says, in order. */
export function messageIdsOf(line: JsonRecord): string[] {
  const { mergedSendUuids } = line;
  const merged = Array.isArray(mergedSendUuids) ? mergedSendUuids : [];
  return [...merged, line.uuid].filter((id) => typeof id === 'string');
}

const NOTIFICATION = '<task-notification>';

/**
 * Takes apart what Claude Code put together: messages that waited while it answered become one line, with the id of the
 * last and the others' as `mergedSendUuids`. Only its `queue-operation` lines tell where one ends and the next begins,
 * and of those with more than text they tell nothing. Who leaves the queue when is not to be relied on: it has
 * priorities, and dies with its process.
 */
export function createMergedMessages() {
  /** Texts of what the user sent and may still be merged. */
  let sent: (string | undefined)[] = [];

  /** Tries the latest messages first. */
  function splitBySent(content: unknown, count: number): unknown[] | undefined {
    for (let start = sent.length - count; start >= 0; start -= 1) {
      const parts = splitContent(content, sent.slice(start, start + count));
      if (!parts) continue;
      sent = sent.slice(start + count);
      return parts;
    }
    return undefined;
  }

  return {
    noteQueue(line: JsonRecord): void {
      const text = textAt(line, 'content');
      if (line.operation === 'enqueue' && !text?.startsWith(NOTIFICATION)) sent.push(text);
      // Taken up within a turn, each by itself.
      if (line.operation === 'remove' && sent.includes(text)) sent.splice(sent.lastIndexOf(text), 1);
    },

    /** Where the parts cannot be told apart, all of it is the first message. */
    split(line: JsonRecord): SavedMessage[] {
      const ids = messageIdsOf(line);
      const { content } = recordAt(line, 'message');
      const parts = ids.length > 1 ? splitBySent(content, ids.length) : undefined;
      if (!parts) return [{ id: ids[0] ?? '', content }];
      return ids.map((id, index) => ({ id, content: parts[index] }));
    },
  };
}

/** @param texts of the messages, in order; undefined for one with more than text */
function splitContent(content: unknown, texts: readonly (string | undefined)[]): unknown[] | undefined {
  if (typeof content === 'string') return texts.join('\n') === content ? [...texts] : undefined;
  const items = recordsAt({ content }, 'content');
  const parts: unknown[] = [];
  let position = 0;
  for (const [index, text] of texts.entries()) {
    const next = texts[index + 1];
    const isLast = index === texts.length - 1;
    if (text !== undefined) {
      if (!says(items[position], text)) return undefined;
      parts.push(text);
      position += 1;
    } else {
      if (!isLast && next === undefined) return undefined;
      const found = items.findIndex((item, at) => at > position && says(item, next));
      const end = isLast ? items.length : found;
      if (end < 0) return undefined;
      parts.push(items.slice(position, end));
      position = end;
    }
  }
  return position === items.length ? parts : undefined;
}

/** Claude Code ends a text that another one follows with a line break. */
const says = (item: JsonRecord | undefined, text: string | undefined): boolean =>
  item !== undefined &&
  text !== undefined &&
  item.type === 'text' &&
  (item.text === text || item.text === `${text}\n`);
