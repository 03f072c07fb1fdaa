import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { interruptUntil } from '../interruption.ts';
import type { ClaudeQuery } from '../query.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const deafQuery = () =>
  ({
    send: vi.fn(),
    interrupt: vi.fn(() => new Promise<void>(() => {})),
    stop: vi.fn(async () => {}),
    settled: vi.fn(async () => {}),
    kill: vi.fn(async () => {}),
  }) satisfies ClaudeQuery;

test('a program that heeds no interrupt is told again, and then ended', async () => {
  const query = deafQuery();
  const interrupted = interruptUntil(new Promise(() => {}), query);
  await vi.advanceTimersByTimeAsync(60_000);
  await interrupted;
  expect(query.interrupt.mock.calls.length).toBeGreaterThan(1);
  expect(query.kill).toHaveBeenCalledOnce();
});

test('a turn that ends is not interrupted again', async () => {
  const query = deafQuery();
  await interruptUntil(Promise.resolve(), query);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(query.interrupt).toHaveBeenCalledOnce();
  expect(query.kill).not.toHaveBeenCalled();
});
