import { type Block, conversationSchema } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { comparable, readTranscript, recordingNames } from '../../../test/claude/recordings.ts';
import { SESSION_ENDED_OUTPUT } from '../interruptions.ts';
import { recordAt, textAt } from '../json.ts';
import { parseLine } from './lines.ts';
import { type ClaudeTranscript, parseClaudeTranscript } from './parse.ts';
import { packClaudeSubagent } from './read-subagent.ts';
import { repairClaudeTranscript } from './repair.ts';

/** A transcript as it was while the agent wrote it. */
interface Cut {
  /** How many lines were whole. */
  lines: number;
  raw: string;
  /** What of the next line may have been written too: its first character, its half, all but its last. */
  torn: string[];
}

/** At every line. */
function cutsOf(raw: string): Cut[] {
  const lines = linesOf(raw);
  return [...lines, ''].map((next, index) => ({
    lines: index,
    raw: lines.slice(0, index).map(closed).join(''),
    torn: next === '' ? [] : [1, next.length / 2, next.length - 1].map((length) => next.slice(0, length)),
  }));
}

const linesOf = (raw: string) => raw.split('\n').filter(Boolean);
const closed = (line: string) => `${line}\n`;

const recordings = recordingNames().map((name) => ({ name, transcript: readTranscript(name) }));
const subagents = recordings.flatMap(({ name, transcript }) =>
  transcript.subagents.map((subagent) => ({ name: `${name}, ${subagent.id}`, transcript, subagent })),
);

/** Main conversation alone. */
const mainBlocks = (main: string): Block[] =>
  comparable(parseClaudeTranscript({ main, subagents: [] }).conversation).blocks;

function subagentBlocks({ main }: ClaudeTranscript, id: string, raw: string): Block[] {
  const { conversation } = parseClaudeTranscript({ main, subagents: [{ id, raw }] });
  return comparable(conversation).subagents.find((each) => each.id === id)?.blocks ?? [];
}

const isClosing = (block: Block) =>
  block.type === 'tool_result' && block.isError && block.output === SESSION_ENDED_OUTPUT;

/** The tools that were called and have no result. */
function openCalls(blocks: readonly Block[]): string[] {
  const answered = new Set(blocks.flatMap((block) => (block.type === 'tool_result' ? block.toolUseId : [])));
  return blocks
    .flatMap((block) => (block.type === 'tool_use' ? block.toolUseId : []))
    .filter((id) => !answered.has(id));
}

/** What the message that was being spoken at the cut went on to say: its blocks stand together, before its tools' results. */
function restOfMessage(raw: string, { lines }: Cut): Set<string> {
  const all = linesOf(raw);
  const messageOf = (line: string) => textAt(recordAt(parseLine(line) ?? {}, 'message'), 'id');
  const spoken = all.slice(0, lines).findLast((line) => messageOf(line) !== undefined);
  const own = spoken === undefined ? [] : all.filter((line) => messageOf(line) === messageOf(spoken));
  return new Set(mainBlocks(own.map(closed).join('')).map(({ id }) => id));
}

/** `blocks` are the first of `whole`, but for closings, and for what a message that was being spoken still said. */
function expectBeginning(blocks: readonly Block[], whole: readonly Block[], rest: ReadonlySet<string>): void {
  const kept = blocks.filter(
    (block) => !isClosing(block) || whole.some((each) => each.id === block.id && isClosing(each)),
  );
  const known = new Set(kept.map(({ id }) => id));
  const beginning = whole.filter(({ id }) => known.has(id) || !rest.has(id)).slice(0, kept.length);
  expect(kept).toEqual(beginning);
}

describe.each(recordings)('the transcript of $name, cut anywhere', ({ transcript }) => {
  const { main } = transcript;
  const whole = mainBlocks(main);

  // [LAW-10-every-line]
  it('is repaired to whole lines, as they were, with every call answered', () => {
    for (const cut of cutsOf(main)) {
      const repaired = repairClaudeTranscript(cut.raw);
      const kept = main.split('\n').slice(0, cut.lines).map(closed).join('');
      expect(repaired.startsWith(kept)).toBe(true);
      for (const line of linesOf(repaired)) expect(parseLine(line)).toBeDefined();
      expect(parseClaudeTranscript({ main: repaired, subagents: [] })).toMatchObject({
        torn: false,
        danglingToolUseIds: [],
      });
      expect(repairClaudeTranscript(repaired)).toBe(repaired);
    }
  });

  // [LAW-10-every-line]
  it('keeps nothing of a line that was half written, and all of one that lacks its newline', () => {
    for (const { raw, torn } of cutsOf(main)) {
      const repaired = repairClaudeTranscript(raw);
      for (const part of torn) expect(repairClaudeTranscript(raw + part)).toBe(repaired);
      expect(repairClaudeTranscript(raw.trimEnd())).toBe(repaired);
    }
  });

  // [LAW-10-every-line]
  it('is the beginning of the conversation, its open calls ended as errors', () => {
    for (const cut of cutsOf(main)) {
      const blocks = mainBlocks(repairClaudeTranscript(cut.raw));
      expectBeginning(blocks, whole, restOfMessage(main, cut));
      expect(openCalls(blocks)).toEqual([]);
    }
  });

  it('is a conversation that the protocol knows, with nothing left pending, subagents included', () => {
    for (const { raw } of cutsOf(main)) {
      const { conversation } = parseClaudeTranscript({ ...transcript, main: repairClaudeTranscript(raw) });
      conversationSchema.parse(conversation);
      const blocks = [conversation, ...conversation.subagents].flatMap((each) => each.blocks);
      expect(blocks.filter(({ status }) => status === 'pending')).toEqual([]);
    }
  });
});

describe.each(subagents)('the subagent of $name, cut anywhere', ({ transcript, subagent }) => {
  const packed = packClaudeSubagent(subagent);
  const whole = subagentBlocks(transcript, subagent.id, packed);

  // [LAW-10-every-line]
  it('is the beginning of its conversation, its open calls ended as errors', () => {
    for (const { raw, torn } of cutsOf(packed)) {
      const repaired = repairClaudeTranscript(raw);
      for (const part of torn) expect(repairClaudeTranscript(raw + part)).toBe(repaired);
      const blocks = subagentBlocks(transcript, subagent.id, repaired);
      expectBeginning(blocks, whole, new Set());
      expect(openCalls(blocks)).toEqual([]);
      expect(repairClaudeTranscript(repaired)).toBe(repaired);
    }
  });
});
