import type { ContentPart, MessageContent } from '@hhopkins/agent-protocol';
import { type JsonRecord, recordAt, recordsAt, textAt } from './json.ts';

/** A part of a message as the Messages API wants it. */
export type ClaudeContentPart =
  | { type: 'text'; text: string }
  | {
      type: 'image';
      source: { type: 'base64'; media_type: string; data: string } | { type: 'url'; url: string };
    };

/** A user's message in the form in which Claude takes it. */
export function toClaudeContent(content: MessageContent): string | ClaudeContentPart[] {
  return typeof content === 'string' ? content : content.map(toClaudePart);
}

function toClaudePart(part: ContentPart): ClaudeContentPart {
  if (part.type === 'text') return part;
  const { type, data, mediaType } = part.source;
  return type === 'url'
    ? { type: 'image', source: { type, url: data } }
    : { type: 'image', source: { type, media_type: mediaType, data } };
}

/** The reverse, out of a transcript. Undefined when there is nothing to show. */
export function fromClaudeContent(content: unknown): MessageContent | undefined {
  if (typeof content === 'string') return content === '' ? undefined : asTyped(content);
  const parts = recordsAt({ content }, 'content').flatMap(fromClaudePart);
  return parts.length > 0 ? parts : undefined;
}

function fromClaudePart(part: JsonRecord): ContentPart[] {
  const text = textAt(part, 'text');
  if (part.type === 'text' && text !== undefined) return [{ type: 'text', text: asTyped(text) }];
  if (part.type !== 'image') return [];
  const source = recordAt(part, 'source');
  const type = source.type === 'url' ? 'url' : 'base64';
  const data = textAt(source, type === 'url' ? 'url' : 'data');
  // Claude keeps no media type for an address; any image type satisfies the form.
  const mediaType = textAt(source, 'media_type') ?? 'image/png';
  return data ? [{ type: 'image', source: { type, data, mediaType } }] : [];
}

const COMMAND_NAME = /<command-name>([^<]*)<\/command-name>/;
const COMMAND_ARGUMENTS = /<command-args>([\s\S]*?)<\/command-args>/;

/** Claude Code rewrites a slash command in its transcript; this is what the user had typed. */
function asTyped(content: string): string {
  if (!/^<command-(name|message)>/.test(content)) return content;
  const name = COMMAND_NAME.exec(content)?.[1];
  if (!name) return content;
  const typedArguments = COMMAND_ARGUMENTS.exec(content)?.[1] ?? '';
  return typedArguments === '' ? name : `${name} ${typedArguments}`;
}

const COMMAND_OUTPUT = /^<local-command-(stdout|stderr)>([\s\S]*?)<\/local-command-\1>$/;

/** What a slash command of Claude Code itself answered, when `content` is such an answer. */
export function localCommandOutput(content: unknown): string | undefined {
  return typeof content === 'string' ? COMMAND_OUTPUT.exec(content.trim())?.[2]?.trim() : undefined;
}
