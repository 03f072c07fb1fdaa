import type { Block } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comparable,
  type LiveLine,
  play,
  readLive,
  recordingNames,
  reduceAll,
} from '../../../test/claude/recordings.ts';
import type { ConverterEvent } from '../events.ts';
import { INTERRUPTED_OUTPUT, SESSION_ENDED_OUTPUT } from '../interruptions.ts';
import { createClaudeLiveConverter } from './converter.ts';

const eventsOf = (name: string) => play(readLive(name)).events;
const upserts = (events: ConverterEvent[]): Block[] =>
  events.flatMap((event) => (event.type === 'block:upsert' ? [event.payload.block] : []));
const discards = (events: ConverterEvent[]) =>
  events.flatMap((event) => (event.type === 'block:discarded' ? [event.payload] : []));
const shapeOf = (blocks: Block[]) => blocks.map(({ type }) => type);

describe('a block', () => {
  it('is pending while it streams, and complete with its whole content', () => {
    const events = eventsOf('text-and-thinking');
    const texts = upserts(events).filter((block) => block.type === 'assistant_text');
    expect(texts.map((block) => block.status)).toEqual(['pending', 'complete']);
    const [first, last] = texts as [Block & { content: string }, Block & { content: string }];
    const deltas = events.flatMap((event) =>
      event.type === 'block:delta' && event.payload.blockId === first.id ? [event.payload.delta] : [],
    );
    expect(deltas.length).toBeGreaterThan(1);
    expect(first.content + deltas.join('')).toBe(last.content);
  });

  it('is not begun for text that stays blank', () => {
    const { conversation, events } = play(readLive('blank-blocks'));
    expect(discards(events)).toEqual([]);
    expect(shapeOf(conversation.blocks)).toEqual([
      'user_message',
      'thinking',
      'tool_use',
      'assistant_text',
      'tool_use',
      'tool_result',
      'tool_result',
      'assistant_text',
    ]);
  });

  it('of a tool call shows the call at once, and its input when that is whole', () => {
    const [begun, whole] = upserts(eventsOf('failing-command')).filter((block) => block.type === 'tool_use');
    expect(begun).toMatchObject({ status: 'pending', input: {}, toolName: 'Bash' });
    expect(whole).toMatchObject({
      status: 'complete',
      toolName: 'Bash',
      input: { command: expect.any(String) },
    });
  });

  it('of a failed tool says so', () => {
    const { blocks } = play(readLive('failing-command')).conversation;
    expect(blocks.find((block) => block.type === 'tool_result')).toMatchObject({
      status: 'error',
      isError: true,
    });
  });
});

describe('an answer that breaks off', () => {
  it('is taken back when the whole of it is retried', () => {
    const { events, conversation } = play(readLive('stream-broken-at-once'));
    expect(discards(events)).toHaveLength(1);
    expect(shapeOf(conversation.blocks)).toEqual(['user_message', 'assistant_text']);
  });

  it('keeps the blocks that were whole', () => {
    const { events, conversation } = play(readLive('stream-broken-after-a-block'));
    expect(discards(events).length).toBeGreaterThan(0);
    expect(conversation.blocks[1]).toMatchObject({ type: 'thinking', status: 'complete' });
  });

  it('is told in the log when the model is asked again', () => {
    const logs = eventsOf('overloaded-and-retried').filter((event) => event.type === 'log');
    expect(logs.map((event) => event.payload)).toEqual([
      { level: 'warn', message: expect.stringMatching(/overloaded, status 529.*retry 1 of/) },
    ]);
  });
});

describe('an answer that Claude retracts', () => {
  it('is taken back', () => {
    const converter = createClaudeLiveConverter();
    converter.startTurn({ turnId: 'turn', messageId: 'message' });
    const said = (uuid: string, text: string, more: object = {}) => {
      const message = { id: uuid, model: 'model', content: [{ type: 'text', text }] };
      return converter.convert({ type: 'assistant', uuid, message, parent_tool_use_id: null, ...more });
    };
    said('one', 'No.');
    const { events } = said('two', 'Yes.', { supersedes: ['one', 'unknown'] });
    expect(discards(events)).toEqual([{ blockId: 'one:0', reason: 'retracted' }]);
    const notice = {
      type: 'system',
      subtype: 'model_refusal_fallback',
      retracted_message_uuids: ['one', 'two'],
    };
    expect(discards(converter.convert(notice).events)).toEqual([{ blockId: 'two:0', reason: 'retracted' }]);
  });
});

describe('an interruption', () => {
  it('keeps what was said, and marks the place', () => {
    const { blocks } = play(readLive('interrupt-in-text')).conversation;
    expect(shapeOf(blocks).slice(0, 3)).toEqual(['user_message', 'assistant_text', 'system']);
    expect(blocks[2]).toMatchObject({ subtype: 'interrupted', status: 'complete' });
  });

  it.each(['interrupt-in-thinking', 'interrupt-in-tool-input'])(
    'takes back what Claude forgets: %s',
    (name) => {
      expect(discards(eventsOf(name))).toEqual([{ blockId: expect.any(String), reason: 'interrupted' }]);
    },
  );

  it('closes the calls of a stopped subagent', () => {
    const [subagent] = play(readLive('interrupt-in-subagent-tool')).conversation.subagents;
    expect(subagent).toMatchObject({ status: 'error' });
    expect(subagent?.blocks.at(-1)).toMatchObject({ type: 'tool_result', output: INTERRUPTED_OUTPUT });
  });
});

describe('a subagent', () => {
  it('has its block right behind its call, with its id once it is known', () => {
    const { conversation, events } = play(readLive('subagent-foreground'));
    const index = conversation.blocks.findIndex((block) => block.type === 'subagent');
    const [call, block] = conversation.blocks.slice(index - 1, index + 1);
    expect(call).toMatchObject({ type: 'tool_use', toolName: 'Agent' });
    expect(block).toMatchObject({ status: 'complete', output: expect.any(String) });
    const [subagent] = conversation.subagents;
    expect(block).toMatchObject({ subagentId: subagent?.id, toolUseId: subagent?.toolUseId });
    expect(events.filter((event) => event.type.startsWith('subagent:')).map((event) => event.type)).toEqual([
      'subagent:spawned',
      'subagent:completed',
    ]);
  });

  it('begins with its prompt, in the foreground and in the background', () => {
    for (const name of ['subagent-foreground', 'subagent-background']) {
      const [subagent] = play(readLive(name)).conversation.subagents;
      expect(subagent?.blocks[0]).toMatchObject({ type: 'user_message', id: `${subagent?.id}:prompt` });
    }
  });

  it('stands in the conversation that called it', () => {
    const { subagents } = play(readLive('subagents-nested')).conversation;
    const [outer, inner] = subagents;
    expect(outer?.blocks).toContainEqual(
      expect.objectContaining({ type: 'subagent', subagentId: inner?.id }),
    );
  });

  it('that never came to be leaves an error', () => {
    const { blocks, subagents } = play(readLive('subagent-refused')).conversation;
    expect(subagents).toEqual([]);
    expect(blocks.find((block) => block.type === 'subagent')).toMatchObject({ status: 'error' });
  });
});

describe('the order of blocks', () => {
  it('puts the results of a message behind it, even when they come in its midst', () => {
    const { blocks } = play(readLive('tools-while-streaming')).conversation;
    expect(shapeOf(blocks)).toEqual([
      'user_message',
      'assistant_text',
      'tool_use',
      'assistant_text',
      'tool_use',
      'tool_result',
      'tool_result',
      'assistant_text',
    ]);
  });

  it('puts a steering message where the agent took it up', () => {
    const { blocks } = play(readLive('steered')).conversation;
    expect(shapeOf(blocks)).toEqual([
      'user_message',
      'assistant_text',
      'tool_use',
      'tool_result',
      'user_message',
      'assistant_text',
    ]);
  });
});

describe('the end of a turn', () => {
  const failed = (code: string, retryable: boolean) => ({ outcome: 'failed', code, retryable });
  const completed = { outcome: 'completed' };
  const interruptedThenCompleted = [{ outcome: 'interrupted' }, completed];
  const lostThenCompleted = [failed('agent_lost', true), completed];
  const UNLIKE: Record<string, object[]> = {
    'built-in-commands': [completed, completed, completed, completed],
    cleared: [completed, completed, completed],
    'command-and-skill': [completed, completed],
    'interrupt-in-background-subagent': interruptedThenCompleted,
    'interrupt-in-subagent-text': interruptedThenCompleted,
    'interrupt-in-subagent-tool': interruptedThenCompleted,
    'interrupt-in-text': interruptedThenCompleted,
    'interrupt-in-thinking': interruptedThenCompleted,
    'interrupt-in-tool': interruptedThenCompleted,
    'interrupt-in-tool-input': interruptedThenCompleted,
    'killed-before-the-transcript': lostThenCompleted,
    'killed-in-parallel-tools': lostThenCompleted,
    'killed-in-subagent': lostThenCompleted,
    'killed-in-text': lostThenCompleted,
    'killed-in-tool': lostThenCompleted,
    'model-error': [failed('model_error', false)],
    'resumed-second-turn': [completed, completed],
    'same-message-twice': [completed, failed('agent_error', false)],
    'subagent-taken-up-again': [completed, completed],
  };

  it.each(recordingNames())('comes once a turn, with its outcome: %s', (name) => {
    expect(play(readLive(name)).turnEnds).toMatchObject(UNLIKE[name] ?? [completed]);
  });

  it('waits for background agents', () => {
    const lines = readLive('subagent-background');
    const firstResult = lines.findIndex((line) => line.type === 'result');
    expect(play(lines.slice(0, firstResult + 1)).turnEnds).toEqual([]);
  });

  it('does not wait for background commands; what follows them belongs to no turn', () => {
    const converter = createClaudeLiveConverter();
    const lines = readLive('background-shell');
    const idle = lines.findIndex((line) => line.state === 'idle');
    expect(play(lines.slice(0, idle + 1), converter).turnEnds).toHaveLength(1);
    expect(converter.backgroundTasks).toMatchObject([{ type: 'local_bash' }]);
    expect(converter.working).toBe(false);
    const later = play(lines.slice(idle + 1), converter);
    expect(upserts(later.events).length).toBeGreaterThan(0);
    expect(later.events.filter((event) => event.turnId !== undefined)).toEqual([]);
    expect(converter.backgroundTasks).toEqual([]);
  });

  it('comes to what the agent does by itself too, when that is made a turn', () => {
    const converter = createClaudeLiveConverter();
    const lines = readLive('background-shell');
    const awake = lines.findLastIndex((line) => line.state === 'running');
    play(lines.slice(0, awake + 1), converter);
    expect(converter.working).toBe(true);
    converter.startTurn({ turnId: 'of-its-own' });
    const { events, turnEnds } = play(lines.slice(awake + 1), converter);
    expect(turnEnds).toMatchObject([{ outcome: 'completed', usage: { outputTokens: expect.any(Number) } }]);
    const said = upserts(events);
    expect(said.length).toBeGreaterThan(0);
    for (const { turnId } of said) expect(turnId).toBe('of-its-own');
  });

  it('tells what the turn used, subagents included', () => {
    const lines = readLive('subagent-foreground');
    const [end] = play(lines).turnEnds;
    const result = lines.find((line) => line.type === 'result') as unknown as {
      total_cost_usd: number;
      modelUsage: Record<string, { inputTokens: number; outputTokens: number }>;
    };
    const [used] = Object.values(result.modelUsage);
    expect(end?.usage).toMatchObject({ inputTokens: used?.inputTokens, outputTokens: used?.outputTokens });
    expect(end?.costUSD).toBeCloseTo(result.total_cost_usd, 9);
  });

  it('counts each turn of a session for itself', () => {
    const { turnEnds } = play(readLive('resumed-second-turn'));
    expect(turnEnds).toHaveLength(2);
    for (const { costUSD } of turnEnds) expect(costUSD).toBeGreaterThan(0);
    const results = readLive('resumed-second-turn').filter((line) => line.type === 'result');
    const total = results.at(-1)?.total_cost_usd as number;
    expect((turnEnds[0]?.costUSD ?? 0) + (turnEnds[1]?.costUSD ?? 0)).toBeCloseTo(total, 9);
  });
});

describe('an agent that dies', () => {
  it('leaves nothing open', () => {
    const { conversation } = play(readLive('killed-in-parallel-tools'));
    const results = conversation.blocks.filter((block) => block.type === 'tool_result');
    expect(results.map((block) => block.output)).toEqual([SESSION_ENDED_OUTPUT, SESSION_ENDED_OUTPUT]);
  });
});

describe('any part of a recording', () => {
  const recordings = recordingNames().map((name) => readLive(name));
  const cuts = fc.tuple(fc.nat(recordings.length - 1), fc.double({ min: 0, max: 1, noNaN: true }));
  const cutOf = ([index, share]: [number, number]): [LiveLine[], number] => {
    const lines = recordings[index] as LiveLine[];
    return [lines, Math.floor(share * lines.length)];
  };
  const identities = (blocks: Block[]) => blocks.map(({ id, type }) => `${type} ${id}`);

  it('converts to a beginning of the whole, in which nothing stays open', () => {
    fc.assert(
      fc.property(cuts, (cut) => {
        const [lines, end] = cutOf(cut);
        const whole = play(lines).conversation;
        const part = play([...lines.slice(0, end), { driver: 'streamEnded' }]).conversation;
        const known = new Set(identities(whole.blocks));
        const shared = identities(part.blocks).filter((each) => known.has(each));
        const inWhole = identities(whole.blocks).filter((each) => shared.includes(each));
        expect(shared.filter((each) => !each.startsWith('tool_result'))).toEqual(
          inWhole.filter((each) => !each.startsWith('tool_result')),
        );
        for (const { blocks } of [part, ...part.subagents]) {
          expect(blocks.filter((block) => block.status === 'pending')).toEqual([]);
        }
      }),
    );
  });

  it('is taken up by another converter that was given the state', () => {
    fc.assert(
      fc.property(cuts, (cut) => {
        const [lines, end] = cutOf(cut);
        const first = createClaudeLiveConverter();
        const before = play(lines.slice(0, end), first);
        const state = JSON.parse(JSON.stringify(first.state));
        const after = play(lines.slice(end), createClaudeLiveConverter({ state }));
        const joined = reduceAll([...before.events, ...after.events]);
        expect(comparable(joined)).toEqual(comparable(play(lines).conversation));
      }),
    );
  });
});

describe('the session of the agent', () => {
  it('is another one after `/clear`', () => {
    const converter = createClaudeLiveConverter();
    const lines = readLive('cleared');
    const reset = lines.findIndex((line) => line.type === 'conversation_reset');
    play(lines.slice(0, reset), converter);
    const before = converter.agentSessionId;
    play(lines.slice(reset), converter);
    expect(before).toEqual(expect.any(String));
    expect(converter.agentSessionId).not.toBe(before);
  });
});

describe('what Claude never said before', () => {
  it('is logged once, and ignored', () => {
    const converter = createClaudeLiveConverter();
    const first = converter.convert({ type: 'telepathy' });
    expect(first.events).toMatchObject([{ type: 'log', payload: { level: 'debug' } }]);
    expect(converter.convert({ type: 'telepathy' }).events).toEqual([]);
  });

  it('never throws', () => {
    const lines = recordingNames().flatMap((name) => readLive(name));
    const mangled = fc
      .tuple(fc.constantFrom(...lines), fc.string(), fc.jsonValue())
      .map(([line, key, value]) => {
        const keys = Object.keys(line);
        const target = keys[key.length % keys.length] ?? 'type';
        return { ...line, [target]: value };
      });
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.jsonValue(), mangled), { maxLength: 20 }), (messages) => {
        const converter = createClaudeLiveConverter();
        converter.startTurn({ turnId: 'turn', messageId: 'message' });
        for (const message of messages) converter.convert(message);
        converter.streamEnded();
      }),
    );
  });
});
