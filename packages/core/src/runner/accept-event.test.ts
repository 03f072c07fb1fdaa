import { expect, it } from 'vitest';
import { acceptEvent } from './accept-event.ts';

const journal = { id: 'journal', offset: 7 };
const now = () => 0;

it('puts session and source on what a runner says, whatever it claims', () => {
  const accepted = acceptEvent(
    'session',
    {
      type: 'event',
      journal,
      event: {
        type: 'log',
        payload: { level: 'info', message: 'hello', extra: 1 },
        conversationId: 'main',
        turnId: 'turn',
        timestamp: '2026-01-01T00:00:00.000Z',
      },
    },
    now,
  );
  expect(accepted).toEqual({
    journal,
    event: {
      type: 'log',
      payload: { level: 'info', message: 'hello' },
      context: {
        sessionId: 'session',
        conversationId: 'main',
        turnId: 'turn',
        source: 'runner',
        timestamp: '2026-01-01T00:00:00.000Z',
      },
    },
  });
});

it('refuses a payload that is nested too deeply to be looked at', () => {
  const depth = 200_000;
  const data: unknown = JSON.parse(`${'['.repeat(depth)}1${']'.repeat(depth)}`);
  const event = {
    type: 'log',
    payload: { level: 'info', message: 'hello', data },
    conversationId: 'main',
    timestamp: '2026-01-01T00:00:00.000Z',
  };
  const accepted = acceptEvent('session', { type: 'event', journal, event }, now);
  expect(accepted.journal).toEqual(journal);
  expect(accepted.event.type).toBe('error');
});

it('counts the size of a payload in bytes, not in characters', () => {
  const event = {
    type: 'log',
    payload: { level: 'info', message: '€'.repeat(200_000) },
    conversationId: 'main',
    timestamp: '2026-01-01T00:00:00.000Z',
  };
  expect(acceptEvent('session', { type: 'event', journal, event }, now).event.type).toBe('error');
});
