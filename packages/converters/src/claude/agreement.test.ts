import { conversationSchema, EVENT_PAYLOADS, RUNNER_EVENT_TYPES } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { comparable, play, readLive, readTranscript, recordingNames } from '../../test/claude/recordings.ts';
import { CLAUDE_EXCEPTIONS, type ClaudeExceptionName } from './exceptions.ts';
import { parseClaudeTranscript } from './transcript/parse.ts';

/** Which recordings prove which exception; all others agree in full. */
const EXCEPTIONS: Record<string, ClaudeExceptionName> = {
  cleared: 'cleared-conversation',
  'killed-before-the-transcript': 'lost-lines',
};

describe.each(recordingNames())('the recording %s', (name) => {
  const live = play(readLive(name));
  const reloaded = parseClaudeTranscript(readTranscript(name)).conversation;

  it('gives events that the protocol knows', () => {
    for (const { type, payload } of live.events) {
      expect(RUNNER_EVENT_TYPES).toContain(type);
      EVENT_PAYLOADS[type].parse(payload);
    }
  });

  it('gives conversations that the protocol knows, with nothing left pending', () => {
    for (const conversation of [live.conversation, reloaded]) {
      conversationSchema.parse(conversation);
      const blocks = [conversation, ...conversation.subagents].flatMap((each) => each.blocks);
      expect(blocks.filter((block) => block.status === 'pending')).toEqual([]);
    }
  });

  it('has every block once', () => {
    for (const { blocks } of [live.conversation, ...live.conversation.subagents]) {
      const ids = blocks.map((block) => block.id);
      expect(ids).toEqual([...new Set(ids)]);
    }
  });

  const exception = EXCEPTIONS[name];
  if (exception) {
    const { holds, when } = CLAUDE_EXCEPTIONS[exception];
    // [LAW-11-exceptions-tested]
    it(`agrees live and reloaded but for ${exception}: ${when}`, () => {
      expect(comparable(reloaded)).not.toEqual(comparable(live.conversation));
      expect(holds(live.conversation, reloaded)).toBe(true);
      expect(holds(reloaded, live.conversation)).toBe(false);
    });
  } else {
    // [LAW-11-live-equals-reloaded]
    it('agrees live and reloaded', () => {
      expect(comparable(reloaded)).toEqual(comparable(live.conversation));
    });
  }
});

describe('the exceptions', () => {
  // [LAW-11-exceptions-tested]
  it('are each proven by a recording', () => {
    expect(new Set(Object.values(EXCEPTIONS))).toEqual(new Set(Object.keys(CLAUDE_EXCEPTIONS)));
  });
});
