import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Block,
  type Conversation,
  MAIN_CONVERSATION,
  type MessageContent,
  reduceConversation,
} from '@hhopkins/agent-protocol';
import type { ClaudeTurnEnd, ConverterEvent } from '../../src/claude/events.ts';
import { createClaudeLiveConverter } from '../../src/claude/live/converter.ts';
import type { ClaudeTranscript } from '../../src/claude/transcript/parse.ts';
import { subagentFiles, subagentIdOfFile } from '../../src/claude/transcript/paths.ts';

const FIXTURES = fileURLToPath(new URL('../../src/claude/__fixtures__/', import.meta.url));

export const recordingNames = (): string[] => readdirSync(FIXTURES).sort();

/** A line of `live.jsonl`: a message of the agent, or what the driver did between them. */
export interface LiveLine {
  driver?: 'startTurn' | 'steer' | 'streamEnded';
  [key: string]: unknown;
}

/** The driver's line of a user's message. */
export interface PromptLine extends LiveLine {
  driver: 'startTurn' | 'steer';
  turnId: string;
  messageId: string;
  content: MessageContent;
}

export const isPrompt = (line: LiveLine): line is PromptLine =>
  line.driver === 'startTurn' || line.driver === 'steer';

export function readLive(name: string): LiveLine[] {
  const raw = readFileSync(`${FIXTURES}${name}/live.jsonl`, 'utf8');
  return raw
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LiveLine);
}

export function readTranscript(name: string): ClaudeTranscript {
  const folder = `${FIXTURES}${name}/`;
  const subagents = existsSync(`${folder}subagents`) ? readdirSync(`${folder}subagents`) : [];
  return {
    main: readFileSync(`${folder}transcript.jsonl`, 'utf8'),
    subagents: subagents.flatMap((file) => {
      const id = subagentIdOfFile(file);
      if (id === undefined) return [];
      const files = subagentFiles(id);
      const read = (path: string) => readFileSync(`${folder}subagents/${path}`, 'utf8');
      return [{ id, raw: read(files.raw), meta: read(files.meta) }];
    }),
  };
}

export interface Played {
  events: ConverterEvent[];
  turnEnds: ClaudeTurnEnd[];
  conversation: Conversation;
}

const NOW = '2026-01-01T00:00:00.000Z';

/** Plays a recording as a driver would: the user's block of a turn is the driver's own. */
export function play(lines: LiveLine[], converter = createClaudeLiveConverter({ now: () => NOW })): Played {
  const events: ConverterEvent[] = [];
  const turnEnds: ClaudeTurnEnd[] = [];
  for (const line of lines) {
    if (isPrompt(line)) {
      const { driver, turnId, messageId, content } = line;
      if (driver === 'steer') converter.steer({ messageId, content });
      else {
        converter.startTurn({ turnId, messageId });
        events.push(userMessage(line));
      }
      continue;
    }
    const { events: more, turnEnd } =
      line.driver === 'streamEnded' ? converter.streamEnded('The agent died') : converter.convert(line);
    events.push(...more);
    if (turnEnd) turnEnds.push(turnEnd);
  }
  return { events, turnEnds, conversation: reduceAll(events) };
}

function userMessage({ turnId, messageId: id, content }: PromptLine): ConverterEvent {
  const block: Block = { id, type: 'user_message', status: 'complete', timestamp: NOW, content, turnId };
  return { type: 'block:upsert', payload: { block }, conversationId: MAIN_CONVERSATION, turnId };
}

export function reduceAll(events: ConverterEvent[]): Conversation {
  const empty: Conversation = { blocks: [], subagents: [] };
  return events.reduce((conversation, { type, payload, conversationId }) => {
    const context = { sessionId: 'session', conversationId, source: 'runner' as const, timestamp: NOW };
    return reduceConversation(conversation, { type, payload, context } as Parameters<
      typeof reduceConversation
    >[1]);
  }, empty);
}

/** A conversation without what live and reloaded need not share. */
export function comparable({ blocks, subagents }: Conversation): Conversation {
  return {
    blocks: blocks.map(comparableBlock),
    subagents: subagents.map((each) => ({ ...each, blocks: each.blocks.map(comparableBlock) })),
  };
}

function comparableBlock(block: Block): Block {
  const { turnId: _turnId, metadata: _metadata, ...rest } = block;
  return { ...rest, timestamp: NOW };
}
