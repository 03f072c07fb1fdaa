import { expect, it, onTestFinished, vi } from 'vitest';
import { createOrphanWatch } from './orphan-watch.ts';

const TTL_MS = 900_000;

function watch(ttlMs: number | undefined) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const onOrphaned = vi.fn();
  return { onOrphaned, ...createOrphanWatch(ttlMs, onOrphaned) };
}

it('calls when nobody ever came', () => {
  const { onOrphaned } = watch(TTL_MS);
  vi.advanceTimersByTime(TTL_MS - 1);
  expect(onOrphaned).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onOrphaned).toHaveBeenCalledOnce();
});

it('waits as long as anybody attends, and the whole time again after the last one left', () => {
  const { onOrphaned, attend } = watch(TTL_MS);
  const [leaveFirst, leaveSecond] = [attend(), attend()];
  leaveFirst();
  leaveFirst();
  vi.advanceTimersByTime(3 * TTL_MS);
  expect(onOrphaned).not.toHaveBeenCalled();
  leaveSecond();
  vi.advanceTimersByTime(TTL_MS);
  expect(onOrphaned).toHaveBeenCalledOnce();
});

it('never calls without a time to live, or after it was stopped', () => {
  const endless = watch(undefined);
  const stopped = watch(TTL_MS);
  stopped.attend()();
  stopped.stop();
  vi.advanceTimersByTime(3 * TTL_MS);
  expect(endless.onOrphaned).not.toHaveBeenCalled();
  expect(stopped.onOrphaned).not.toHaveBeenCalled();
});
