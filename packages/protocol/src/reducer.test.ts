import { describe, expect, it } from 'vitest';
import type { EventType } from './event-types.ts';
import type { EventPayload, SessionEvent } from './events.ts';
import { initialState, reduce } from './reducer.ts';
import type { SessionState } from './session.ts';

const T0 = '2026-01-01T00:00:00.000Z';

/** Events of a session that was created, one second after the other. */
function story(...steps: { [Type in EventType]: [Type, EventPayload<Type>] }[EventType][]): SessionState {
  const created = {
    architecture: 'a',
    principal: 'p',
    sessionOptions: { x: 1 },
    metadata: {},
  };
  return [['session:created', created] as const, ...steps]
    .map(
      ([type, payload], index) =>
        ({
          seq: index + 1,
          type,
          payload,
          context: {
            sessionId: 'session',
            conversationId: 'main',
            source: 'engine',
            timestamp: new Date(Date.parse(T0) + index * 1000).toISOString(),
          },
        }) as SessionEvent,
    )
    .reduce(reduce, initialState('session'));
}

const queued = (id: string, delivery: 'queue' | 'interrupt' = 'queue') =>
  ['turn:queued', { turnId: id, messageId: `message-${id}`, content: 'hello', delivery }] as [
    'turn:queued',
    EventPayload<'turn:queued'>,
  ];
const started = (id: string) =>
  ['turn:started', { turnId: id, messageId: `message-${id}` }] as [
    'turn:started',
    EventPayload<'turn:started'>,
  ];
const asked = (requestId: string) =>
  ['permission:requested', { requestId, conversationId: 'main', toolName: 'Bash', input: {} }] as [
    'permission:requested',
    EventPayload<'permission:requested'>,
  ];

describe('a session', () => {
  it('is created as its first event says', () => {
    const { session } = story();
    expect(session).toMatchObject({
      architecture: 'a',
      principal: 'p',
      status: 'idle',
      sessionOptions: { x: 1 },
      createdAt: T0,
      updatedAt: T0,
    });
  });

  it('is idle, queued, running, waiting, and idle again, as a turn goes on', () => {
    const statusAfter = (...steps: Parameters<typeof story>) => story(...steps).session.status;
    expect(statusAfter(queued('1'))).toBe('queued');
    expect(statusAfter(queued('1'), started('1'))).toBe('running');
    expect(statusAfter(queued('1'), started('1'), asked('r'))).toBe('waiting');
    const end = ['turn:completed', { turnId: '1' }] as ['turn:completed', EventPayload<'turn:completed'>];
    expect(statusAfter(queued('1'), started('1'), end)).toBe('idle');
    expect(statusAfter(queued('1'), started('1'), queued('2'), end)).toBe('queued');
  });

  it('takes interrupting messages before those that wait', () => {
    const { queue } = story(queued('1'), queued('2'), queued('3', 'interrupt')).session;
    expect(queue.map(({ turnId }) => turnId)).toEqual(['3', '1', '2']);
  });

  it('forgets a message that was cancelled', () => {
    const { session } = story(queued('1'), ['turn:cancelled', { turnId: '1', messageId: 'message-1' }]);
    expect(session).toMatchObject({ queue: [], status: 'idle', lastTurn: null });
  });

  it.each([
    ['turn:failed', { turnId: '1', code: 'agent_lost', message: 'gone', retryable: true }, 'failed'],
    ['turn:interrupted', { turnId: '1' }, 'interrupted'],
    ['turn:completed', { turnId: '1' }, 'completed'],
  ] as const)('knows from %s how its last turn ended, begun or not', (type, payload, outcome) => {
    const end = [type, payload] as Parameters<typeof story>[number];
    for (const steps of [
      [queued('1'), started('1'), end],
      [queued('1'), end],
    ]) {
      const { session } = story(...steps);
      expect(session.lastTurn).toMatchObject({ turnId: '1', outcome });
      expect(session).toMatchObject({ queue: [], activeTurn: null, status: 'idle' });
    }
  });

  it('keeps its running turn when another one ends', () => {
    const { session } = story(queued('1'), started('1'), queued('2'), ['turn:interrupted', { turnId: '2' }]);
    expect(session.activeTurn?.turnId).toBe('1');
  });

  it('sums up what turns report at their end, or reported last', () => {
    const { session } = story(
      queued('1'),
      started('1'),
      ['metadata:update', { usage: { inputTokens: 1, outputTokens: 1 }, costUSD: 1 }],
      ['metadata:update', { usage: { inputTokens: 2, outputTokens: 2, cacheReadTokens: 5 }, costUSD: 2 }],
      ['turn:failed', { turnId: '1', code: 'x', message: 'x', retryable: false }],
      queued('2'),
      started('2'),
      ['metadata:update', { usage: { inputTokens: 100, outputTokens: 100 }, model: 'm' }],
      ['turn:completed', { turnId: '2', usage: { inputTokens: 3, outputTokens: 3 }, costUSD: 0.5 }],
    );
    expect(session).toMatchObject({
      usage: { inputTokens: 5, outputTokens: 5, cacheReadTokens: 5 },
      costUSD: 2.5,
      model: 'm',
    });
  });

  it('remembers what became of its asks, of the last fifty', () => {
    const steps = Array.from({ length: 60 }, (_, index) => [
      asked(`r${index}`),
      ['permission:resolved', { requestId: `r${index}`, outcome: 'allow', by: 'p' }],
    ]).flat() as Parameters<typeof story>;
    const { session } = story(queued('1'), started('1'), ...steps);
    expect(session.pending.permissions).toEqual([]);
    expect(session.resolved).toHaveLength(50);
    expect(session.resolved.at(-1)).toEqual({ requestId: 'r59', outcome: 'allow' });
  });

  it('shows its sandbox from the first sign to the last', () => {
    const ready = { sandboxId: 's', provider: 'fake', isolation: 'container' };
    const sandboxAfter = (...steps: Parameters<typeof story>) => story(...steps).session.sandbox;
    expect(sandboxAfter(['sandbox:creating', { message: 'soon' }])).toEqual({
      status: 'creating',
      message: 'soon',
    });
    expect(sandboxAfter(['sandbox:ready', ready])).toEqual({ status: 'ready', ...ready });
    expect(sandboxAfter(['sandbox:ready', ready], ['sandbox:lost', { sandboxId: 's', reason: 'r' }])).toEqual(
      {
        status: 'lost',
        message: 'r',
      },
    );
    expect(
      sandboxAfter(['sandbox:ready', ready], ['sandbox:terminated', { sandboxId: 's', reason: 'idle' }]),
    ).toEqual({ status: 'none' });
  });

  it('that is terminated stays so', () => {
    const { session } = story(
      queued('1'),
      started('1'),
      ['session:terminated', { reason: 'deleted', by: 'p' }],
      ['turn:completed', { turnId: '1' }],
    );
    expect(session).toMatchObject({ status: 'terminated', queue: [], activeTurn: null });
  });
});

describe('files', () => {
  const entry = { path: 'a', hash: '0'.repeat(64), size: 1, mode: 0o644 };

  it('are those that were written and not removed', () => {
    const { files } = story(
      ['file:created', entry],
      ['file:created', { ...entry, path: 'b' }],
      ['file:modified', { ...entry, size: 2 }],
      ['file:deleted', { path: 'b' }],
    );
    expect(files).toEqual([{ ...entry, size: 2, modifiedAt: '2026-01-01T00:00:03.000Z' }]);
  });
});

describe('an event of an unknown type', () => {
  it('changes nothing but the time of the last change', () => {
    const before = story();
    const after = reduce(before, {
      seq: 2,
      type: 'made:up',
      payload: { anything: true },
      context: {
        sessionId: 'session',
        conversationId: 'main',
        source: 'runner',
        timestamp: '2026-02-01T00:00:00.000Z',
      },
    } as unknown as SessionEvent);
    expect(after).toEqual({
      ...before,
      session: { ...before.session, updatedAt: '2026-02-01T00:00:00.000Z' },
    });
  });
});
