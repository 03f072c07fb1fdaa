import { initialState, type SessionEvent } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../ports/runtime.ts';
import { createStreamHub } from '../stream/stream-hub.ts';
import { createEventBus } from './create-event-bus.ts';

function setUp() {
  const logs: string[] = [];
  const logger: Logger = { log: (level, message) => void logs.push(`${level}: ${message}`) };
  const hub = createStreamHub((error) => logs.push(`fault: ${String(error)}`));
  const publish = (...seqs: number[]) =>
    hub.publish({
      sessionId: 'session',
      events: seqs.map(
        (seq): SessionEvent => ({
          seq,
          type: 'log',
          payload: { level: 'info', message: `${seq}` },
          context: {
            sessionId: 'session',
            conversationId: 'main',
            source: 'engine',
            timestamp: '2026-01-01T00:00:00.000Z',
          },
        }),
      ),
      state: initialState('session'),
      seq: seqs.at(-1) ?? 0,
    });
  return { bus: createEventBus(hub, logger), hub, logs, publish };
}

const rest = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a handler of events', () => {
  it('gets the events of its type, in order', async () => {
    const { bus, publish } = setUp();
    const seen: number[] = [];
    bus.on('log', ({ seq }) => seen.push(seq));
    bus.on('error', () => seen.push(-1));
    publish(1, 2);
    publish(3);
    await rest();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('is never called in the stack of the commit', async () => {
    const { bus, publish } = setUp();
    let called = false;
    bus.on('*', () => {
      called = true;
    });
    publish(1);
    expect(called).toBe(false);
    await rest();
    expect(called).toBe(true);
  });

  it('that throws is logged, and gets the next event all the same, as do the others', async () => {
    const { bus, logs, publish } = setUp();
    const seen: number[] = [];
    bus.on('*', () => {
      throw new Error('broken');
    });
    bus.on('*', async () => Promise.reject(new Error('broken later')));
    bus.on('*', ({ seq }) => seen.push(seq));
    publish(1, 2);
    await rest();
    expect(seen).toEqual([1, 2]);
    expect(logs).toHaveLength(4);
  });

  it('that hangs holds up nobody else, and does not fill the memory', async () => {
    const { bus, logs, publish } = setUp();
    const seen: number[] = [];
    bus.on('*', () => new Promise<never>(() => {}));
    bus.on('*', ({ seq }) => seen.push(seq));
    const all = Array.from({ length: 10_500 }, (_, index) => index + 1);
    for (const seq of all) publish(seq);
    await rest();
    expect(seen.at(-1)).toBe(all.length);
    expect(logs.some((line) => line.includes('too slow'))).toBe(true);
  });

  it('that unsubscribed gets nothing more, not even what waits', async () => {
    const { bus, publish } = setUp();
    const seen: number[] = [];
    const unsubscribe = bus.on('*', ({ seq }) => seen.push(seq));
    publish(1);
    unsubscribe();
    publish(2);
    await rest();
    expect(seen).toEqual([]);
  });
});

describe('the hub', () => {
  it('calls every listener although one throws', () => {
    const { hub, logs, publish } = setUp();
    const seen: string[] = [];
    hub.onPublish(() => {
      throw new Error('broken');
    });
    hub.onPublish(({ sessionId }) => seen.push(sessionId));
    hub.watch('session', () => seen.push('watched'));
    publish(1);
    expect(seen).toEqual(['session', 'watched']);
    expect(logs).toHaveLength(1);
  });
});
