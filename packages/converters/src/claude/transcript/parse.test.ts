import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comparable,
  isPrompt,
  readLive,
  readTranscript,
  recordingNames,
} from '../../../test/claude/recordings.ts';
import { parseClaudeTranscript } from './parse.ts';
import { claudeTranscriptPaths } from './paths.ts';
import { packClaudeSubagent, unpackClaudeSubagent } from './read-subagent.ts';
import { repairClaudeTranscript, transcriptHasMessage } from './repair.ts';

const recordings = recordingNames().map(readTranscript);
const parse = (main: string) => parseClaudeTranscript({ main, subagents: [] });

describe('parsing', () => {
  it('finds a subagent of the foreground without its meta file', () => {
    const transcript = readTranscript('subagents-nested');
    const subagents = transcript.subagents.map(({ id, raw }) => ({ id, raw }));
    expect(parseClaudeTranscript({ ...transcript, subagents })).toEqual(parseClaudeTranscript(transcript));
  });

  it('finds the call of a subagent that was stopped, without its meta file, by its prompt', () => {
    const transcript = readTranscript('interrupt-in-subagent-tool');
    const subagents = transcript.subagents.map(({ id, raw }) => ({ id, raw }));
    const [subagent] = parseClaudeTranscript({ ...transcript, subagents }).conversation.subagents;
    expect(subagent?.toolUseId).toMatch(/^toolu_/);
  });

  it('reads a subagent packed into one text as well as its two files', () => {
    for (const transcript of recordings) {
      const subagents = transcript.subagents.map((each) => ({ id: each.id, raw: packClaudeSubagent(each) }));
      expect(parseClaudeTranscript({ ...transcript, subagents })).toEqual(parseClaudeTranscript(transcript));
      for (const [index, { raw, meta }] of transcript.subagents.entries()) {
        const unpacked = unpackClaudeSubagent(subagents[index]?.raw ?? '');
        expect(unpacked.raw).toBe(raw);
        expect(JSON.parse(unpacked.meta ?? '')).toEqual(JSON.parse(meta ?? ''));
      }
    }
  });

  it('shows a slash command as it was typed', () => {
    const { blocks } = parseClaudeTranscript(readTranscript('command-and-skill')).conversation;
    expect(blocks[0]).toMatchObject({ type: 'user_message', content: '/look around here' });
  });

  it('never throws, whatever the files hold', () => {
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(...recordings.flatMap(({ main }) => main.split('\n'))),
    );
    const raw = fc.array(line, { maxLength: 20 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(raw, raw, (main, subagent) => {
        parseClaudeTranscript({ main, subagents: [{ id: 'a', raw: subagent, meta: main }] });
      }),
    );
  });
});

/** A transcript of which the end is missing, at any byte. */
const torn = fc
  .tuple(fc.nat(recordings.length - 1), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([index, share]) => {
    const { main } = recordings[index] as (typeof recordings)[number];
    return { whole: main, cut: main.slice(0, Math.floor(share * main.length)) };
  });

describe('a torn transcript', () => {
  it('is read as far as it goes', () => {
    fc.assert(
      fc.property(torn, ({ whole, cut }) => {
        const known = new Set(parse(whole).conversation.blocks.map(({ id }) => id));
        const { conversation, danglingToolUseIds } = parse(cut);
        const dangling = danglingToolUseIds.map((id) => `${id}:result`);
        for (const { id } of conversation.blocks) expect(known.has(id) || dangling.includes(id)).toBe(true);
        expect(conversation.blocks.filter((block) => block.status === 'pending')).toEqual([]);
      }),
    );
  });

  it('is sound once repaired, and means the same', () => {
    fc.assert(
      fc.property(torn, ({ cut }) => {
        const repaired = repairClaudeTranscript(cut);
        expect(parse(repaired)).toMatchObject({ torn: false, danglingToolUseIds: [] });
        expect(comparable(parse(repaired).conversation)).toEqual(comparable(parse(cut).conversation));
        expect(repairClaudeTranscript(repaired)).toBe(repaired);
      }),
    );
  });

  it('says that it is torn, and which calls dangle', () => {
    const { main } = readTranscript('failing-command');
    const untilCall = main.slice(0, main.indexOf('"tool_result"'));
    const { torn: isTorn, danglingToolUseIds } = parse(untilCall);
    expect(isTorn).toBe(true);
    expect(danglingToolUseIds).toEqual([expect.stringMatching(/^toolu_/)]);
  });
});

describe('a sound transcript', () => {
  it('is left as it is', () => {
    for (const { main, subagents } of recordings) {
      if (parse(main).danglingToolUseIds.length === 0) expect(repairClaudeTranscript(main)).toBe(main);
      for (const { raw } of subagents) expect(repairClaudeTranscript(raw).startsWith(raw)).toBe(true);
    }
  });
});

describe('the messages of the user', () => {
  it.each(recordingNames().filter((name) => !['cleared', 'killed-before-the-transcript'].includes(name)))(
    'are found again: %s',
    (name) => {
      const { main } = readTranscript(name);
      for (const { messageId } of readLive(name).filter(isPrompt)) {
        expect(transcriptHasMessage(main, messageId)).toBe(true);
      }
    },
  );

  it('are not found when the agent never had them, even if something else has their id', () => {
    const { main } = readTranscript('text-and-thinking');
    expect(transcriptHasMessage(main, 'c0ffee00-0000-4000-8000-000000000000')).toBe(false);
    const answer = /"type":"assistant"[^\n]*?"uuid":"([^"]+)"/.exec(main)?.[1] ?? '';
    expect(main).toContain(answer);
    expect(transcriptHasMessage(main, answer)).toBe(false);
  });
});

describe('the place of a transcript', () => {
  it('is named after the workspace', () => {
    expect(claudeTranscriptPaths('/srv/my.app_1', 'id')).toEqual({
      main: 'projects/-srv-my-app-1/id.jsonl',
      subagents: 'projects/-srv-my-app-1/id/subagents',
    });
  });
});
