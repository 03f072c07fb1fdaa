import { initialState, LIMITS, reduce, type SessionEvent } from '@hhopkins/agent-protocol';
import { expect, it } from 'vitest';
import { createFaults } from '../../test/doubles/faults.ts';
import { createStoreLog } from '../../test/doubles/store-log.ts';
import { readState } from './read-state.ts';

const timestamp = '2026-01-01T00:00:00.000Z';

const large = (seq: number): SessionEvent => ({
  seq,
  type: 'block:upsert',
  payload: {
    block: {
      id: `block-${seq}`,
      type: 'assistant_text',
      content: 'x'.repeat(200_000),
      status: 'complete',
      timestamp,
    },
  },
  context: { sessionId: 's', conversationId: 'main', source: 'runner', timestamp },
});

it('holds few large events in memory at a time', async () => {
  const log = createStoreLog(new Map(), new Map(), createFaults());
  const events = Array.from({ length: 100 }, (_, index) => large(index + 1));
  await log.append([{ sessionId: 's', streamId: 'stream', epoch: 1, expectedHead: 0, events }]);
  const pages: number[] = [];
  const state = await readState(
    {
      ...log,
      async read(sessionId, query) {
        const page = await log.read(sessionId, query);
        pages.push(page?.kind === 'events' ? JSON.stringify(page.events).length : 0);
        return page;
      },
    },
    's',
  );
  expect(state).toMatchObject(events.reduce(reduce, initialState('s')));
  expect(pages.length).toBeGreaterThan(1);
  expect(Math.max(...pages)).toBeLessThan(5 * LIMITS.readerBuffer);
});
