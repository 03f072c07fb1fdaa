import type { SendMessageResponse, SessionEvent } from '@hhopkins/agent-protocol';
import { AgentServerError } from '@hhopkins/agent-protocol/light';
import { describe, expect, it } from 'vitest';
import { createFakeSession } from '../../test/support/fake-session.ts';
import { createOptimisticList } from './optimistic.ts';

const message = (id: string, content = 'hello') =>
  ({ id, content, delivery: 'queue', createdAt: '2026-01-01T00:00:00.000Z' }) as const;
const answer = (messageId: string): SendMessageResponse => ({
  sessionId: 's',
  messageId,
  turnId: `turn of ${messageId}`,
  durability: 'store',
});

function queued(messageId: string, content = 'hello'): readonly SessionEvent[] {
  const session = createFakeSession('s');
  const payload = { messageId, turnId: `turn of ${messageId}`, content, delivery: 'queue' } as const;
  session.emit({ type: 'turn:queued', payload });
  return session.events;
}

const idsOf = (list: ReturnType<typeof createOptimisticList>) => list.visible.map(({ id }) => id);

describe('an optimistic message', () => {
  it('goes when the stream shows it after the answer', () => {
    const list = createOptimisticList();
    list.add(message('c1'));
    list.acknowledge('c1', answer('m1'), undefined);
    expect(list.visible).toMatchObject([{ id: 'c1', status: 'acknowledged', messageId: 'm1' }]);
    list.heardEvents(queued('m1'));
    expect(idsOf(list)).toEqual([]);
  });

  it('goes when the stream shows it before the answer, and does not come back', () => {
    const list = createOptimisticList();
    list.add(message('c1'));
    list.heardEvents(queued('m1'));
    expect(idsOf(list)).toEqual([]);
    list.acknowledge('c1', answer('m1'), undefined);
    expect(list.isEmpty).toBe(true);
  });

  it('comes back when what was taken for it turns out to be the same words of somebody else', () => {
    const list = createOptimisticList();
    list.add(message('c1'));
    list.heardEvents(queued('of another client'));
    list.acknowledge('c1', answer('m1'), undefined);
    expect(idsOf(list)).toEqual(['c1']);
    list.heardEvents(queued('m1'));
    expect(idsOf(list)).toEqual([]);
  });

  it('goes one by one when the same is said twice', () => {
    const list = createOptimisticList();
    list.add(message('c1'));
    list.add(message('c2'));
    list.heardEvents(queued('m1'));
    expect(idsOf(list)).toEqual(['c2']);
    list.heardEvents(queued('m2'));
    expect(idsOf(list)).toEqual([]);
  });

  it('goes when the state already shows it', () => {
    const session = createFakeSession('s');
    const payload = { messageId: 'm1', turnId: 't', content: 'hello', delivery: 'queue' } as const;
    session.emit({ type: 'turn:queued', payload });
    const list = createOptimisticList();
    list.add(message('c1'));
    list.acknowledge('c1', answer('m1'), session.state());
    expect(idsOf(list)).toEqual([]);
  });

  it('stays, with its error, when it failed, until it is dismissed or sent again', () => {
    const list = createOptimisticList();
    list.add(message('c1'));
    list.fail('c1', new AgentServerError('queue_full', 'Full.'));
    list.heardSnapshot();
    expect(list.visible).toMatchObject([{ id: 'c1', status: 'failed', error: { code: 'queue_full' } }]);
    list.add(message('c1'));
    expect(list.visible).toMatchObject([{ id: 'c1', status: 'sending', error: undefined }]);
    list.dismiss('c1');
    expect(idsOf(list)).toEqual([]);
  });

  it('is not called failed when nobody answered but the stream shows one like it', () => {
    const list = createOptimisticList();
    list.add(message('c1'));
    list.heardEvents(queued('m1'));
    list.fail('c1', new AgentServerError('timeout', 'Nobody answered.'));
    expect(idsOf(list)).toEqual([]);
  });
});

it('the list is bounded: of failures the oldest go', () => {
  const list = createOptimisticList();
  for (let number = 0; number < 50; number += 1) {
    list.add(message(`c${number}`));
    list.fail(`c${number}`, new AgentServerError('queue_full', 'Full.'));
  }
  expect(idsOf(list)).toHaveLength(20);
  expect(idsOf(list).at(-1)).toBe('c49');
});
