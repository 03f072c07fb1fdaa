import { closeSync, openSync } from 'node:fs';
import { initialState, reduce, type SessionEvent } from '@hhopkins/agent-protocol';
import { describe, expect, test } from 'vitest';
import { openDescriptorBook } from '../../faults/checks/descriptors.ts';
import { checkClient } from '../../faults/checks/streams.ts';
import { checkNothingElse } from '../../faults/checks/turns.ts';
import type { FaultClient, Life } from '../../faults/clients/client.ts';
import type { FaultSession } from '../../faults/session.ts';
import { createWitness } from '../harness/witness.ts';

const queued = (seq: number): SessionEvent<'turn:queued'> => ({
  seq,
  type: 'turn:queued',
  context: {
    sessionId: 'session',
    conversationId: 'main',
    source: 'engine',
    timestamp: '2026-01-01T00:00:00.000Z',
  },
  payload: { turnId: `turn-${seq}`, messageId: `message-${seq}`, content: 'hello', delivery: 'queue' },
});
const LOG = [1, 2, 3, 4, 5].map(queued);

/** A client that began with the true state at `from`, and saw these events of the log since. */
const life = (from: number, seen: readonly number[], state = from): Life => {
  const beginning = {
    ...LOG.slice(0, state).reduce(reduce, initialState('session')),
    streamId: 'stream',
    seq: from,
  };
  const witness = createWitness('session');
  witness.takeSnapshot(beginning);
  witness.takeEvents(seen.map(queued));
  return { seen: witness, beginning };
};
const findings = (...lives: Life[]) => {
  const client = { name: 'the client', lives, complaints: [] } as unknown as FaultClient;
  return checkClient(client, 'session', LOG).map(({ verdict }) => verdict);
};

describe('of a client the harness', () => {
  test('is content when it saw each event once since its snapshot', () => {
    expect(findings(life(2, [3, 4, 5]))).toEqual([]);
  });

  test('is content when it was killed and the next one saw the rest', () => {
    expect(findings(life(1, [2, 3]), life(4, [5]))).toEqual([]);
  });

  test('finds an event that it saw again', () => {
    expect(findings(life(2, [3, 4, 4, 5]))).toContain('doubled');
  });

  test('finds an event that it missed', () => {
    expect(findings(life(2, [3, 5]))).toContain('lost');
  });

  test('finds an end that it did not see', () => {
    expect(findings(life(2, [3, 4]))).toEqual(['lost']);
  });

  test('finds an event that is not in the log', () => {
    expect(findings(life(3, [4, 5, 6]))).toEqual(['lost']);
  });

  test('finds a snapshot that is not the state of its place', () => {
    expect(findings(life(3, [4, 5], 2))).toContain('lost');
  });
});

test('the harness finds a turn that no answer named', () => {
  const { seen } = life(0, [1, 2]);
  const session = { seen, acknowledged: new Set<string>() } as unknown as FaultSession;
  const turn = { ...queued(1).payload, key: 'key', sessionId: 'session', durability: 'store', content: '' };
  expect(checkNothingElse(session, [turn as never])).toMatchObject([{ verdict: 'doubled' }]);
});

test('the harness finds descriptors that stay open', async () => {
  const command = 'node tests/faults/programs/server.ts';
  const scene = { processes: () => [{ pid: process.pid, startedAt: '0', command }], sessions: [] };
  const book = openDescriptorBook(scene, 200);
  const open = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'));
  expect(await book.check()).toMatchObject([{ verdict: 'stuck' }]);
  for (const each of open) closeSync(each);
  expect(await book.check()).toEqual([]);
});
