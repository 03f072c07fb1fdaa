import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createOrphanWatch } from '../src/http/orphan-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('calls back when nobody came for the whole time', () => {
  const orphaned = vi.fn();
  createOrphanWatch(1000, orphaned);
  vi.advanceTimersByTime(999);
  expect(orphaned).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(orphaned).toHaveBeenCalledOnce();
});

it('counts from the end of the last request, however long that takes', () => {
  const orphaned = vi.fn();
  const watch = createOrphanWatch(1000, orphaned);
  const leave = watch.attend();
  vi.advanceTimersByTime(10_000);
  leave();
  leave();
  vi.advanceTimersByTime(999);
  expect(orphaned).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(orphaned).toHaveBeenCalledOnce();
});

it('never calls back without a time, or when stopped', () => {
  const orphaned = vi.fn();
  createOrphanWatch(undefined, orphaned).attend()();
  const watch = createOrphanWatch(1000, orphaned);
  watch.stop();
  watch.attend()();
  vi.advanceTimersByTime(1_000_000);
  expect(orphaned).not.toHaveBeenCalled();
});
