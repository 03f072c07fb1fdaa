import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { useFolders } from '../../test/support/files.ts';
import { eventually } from '../../test/support/sandbox.ts';
import type { DriverEvent } from '../drivers/driver.ts';
import { applyEvent, emptyState } from '../journal/open-state.ts';
import { createWorkspaceTracker, type TrackerOptions, type WorkspaceTracker } from './tracker.ts';

const makeFolder = useFolders();
const trackers: WorkspaceTracker[] = [];
afterEach(() => {
  for (const tracker of trackers.splice(0)) tracker.close();
});

function track(change: Partial<TrackerOptions> = {}) {
  const workspace = makeFolder();
  const state = emptyState();
  const events: DriverEvent[] = [];
  let refusing = false;
  const tracker = createWorkspaceTracker({
    workspace,
    ignored: ['node_modules'],
    maximumFiles: 100,
    maximumFileBytes: 10_000,
    known: state.files,
    write(event) {
      if (refusing) return false;
      events.push(event);
      applyEvent(state, { ...event, timestamp: 'now' });
      return true;
    },
    ...change,
  });
  trackers.push(tracker);
  return {
    tracker,
    events,
    known: state.files,
    path: (name: string) => join(workspace, name),
    put: (name: string, content: string) => writeFileSync(join(workspace, name), content),
    told: () => events.map(({ type, payload }) => [type, 'path' in payload ? payload.path : '']),
    refuse(value: boolean) {
      refusing = value;
    },
  };
}

describe('the workspace', () => {
  it('is told of as it changes, without anybody asking', async () => {
    const { tracker, put, path, known } = track();
    await tracker.scan();
    put('a', 'one');
    await eventually('a is known', () => known.has('a'));
    mkdirSync(path('deep/er'), { recursive: true });
    put('deep/er/b', 'two');
    await eventually('deep/er/b is known', () => known.has('deep/er/b'));
    put('deep/er/b', 'three');
    await eventually('b changed', () => known.get('deep/er/b')?.size === 5);
    rmSync(path('deep'), { recursive: true });
    await eventually('b is gone', () => !known.has('deep/er/b'));
    mkdirSync(path('deep'));
    put('deep/c', 'again');
    await eventually('a folder made anew is watched', () => known.has('deep/c'));
    put('deep/c', 'and again');
    await eventually('c changed', () => known.get('deep/c')?.size === 9);
  });

  it('is exact after a scan: only what changed is told, content, size and mode', async () => {
    const { tracker, put, path, told, events } = track();
    put('same', 'same');
    put('content', 'before');
    put('mode', 'mode');
    put('gone', 'gone');
    await tracker.scan();
    events.length = 0;
    put('content', 'behind');
    chmodSync(path('mode'), 0o755);
    rmSync(path('gone'));
    put('new', 'new');
    await tracker.scan();
    await tracker.scan();
    expect(told().sort()).toEqual([
      ['file:created', 'new'],
      ['file:deleted', 'gone'],
      ['file:modified', 'content'],
      ['file:modified', 'mode'],
    ]);
  });

  it('notices a change of the same length whose times were set back', async () => {
    const { tracker, put, path, known } = track();
    const time = new Date('2020-01-01');
    put('a', 'one');
    utimesSync(path('a'), time, time);
    await tracker.scan();
    const before = known.get('a')?.hash;
    put('a', 'two');
    utimesSync(path('a'), time, time);
    await tracker.scan();
    expect(known.get('a')?.hash).not.toBe(before);
  });

  it('has its moved folders told of as deleted and created', async () => {
    const { tracker, put, path, told, events } = track();
    mkdirSync(path('a'));
    put('a/file', 'content');
    await tracker.scan();
    events.length = 0;
    renameSync(path('a'), path('b'));
    await tracker.scan();
    expect(told()).toEqual([
      ['file:deleted', 'a/file'],
      ['file:created', 'b/file'],
    ]);
  });

  it('shows neither links nor ignored folders nor what is outside', async () => {
    const { tracker, put, path, told } = track();
    const outside = makeFolder();
    writeFileSync(join(outside, 'secret'), 'secret');
    mkdirSync(path('node_modules'));
    mkdirSync(path('src/node_modules'), { recursive: true });
    put('node_modules/a', '');
    put('src/node_modules/b', '');
    put('src/c', '');
    symlinkSync(join(outside, 'secret'), path('link'));
    symlinkSync(outside, path('folder'));
    symlinkSync('.', path('loop'));
    linkSync(path('src/c'), path('hard'));
    await tracker.scan();
    expect(told()).toEqual([
      ['file:created', 'hard'],
      ['file:created', 'src/c'],
    ]);
  });

  it('says once what it leaves out: too many, too large, oddly named', async () => {
    const { tracker, put, told, events } = track({ maximumFiles: 3 });
    put('back\\slash', '');
    put('huge', 'x'.repeat(20_000));
    for (const name of ['1', '2', '3', 'z']) put(name, '');
    await tracker.scan();
    await tracker.scan();
    expect(told().filter(([type]) => type === 'file:created')).toHaveLength(3);
    const warnings = events.filter((event) => event.type === 'log');
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify(warnings)).toMatch(/more than 3 files/);
  });

  it('is told of again when the journal did not take it', async () => {
    const { tracker, put, told, refuse } = track();
    put('a', '');
    refuse(true);
    await tracker.scan();
    refuse(false);
    await tracker.scan();
    expect(told()).toEqual([['file:created', 'a']]);
  });

  it('is known exactly after any changes', async () => {
    const name = fc.constantFrom('a', 'b', 'c/a', 'c/b', 'c/d/a', 'node_modules/a');
    const change = fc.oneof(
      fc.record({
        do: fc.constant('put' as const),
        name,
        content: fc.constantFrom('', 'one', 'two', 'longer'),
      }),
      fc.record({ do: fc.constant('remove' as const), name }),
      fc.constant({ do: 'scan' as const, name: '' }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (changes) => {
        const { tracker, path, known } = track();
        for (const folder of ['c/d', 'node_modules']) mkdirSync(path(folder), { recursive: true });
        const expected = new Map<string, number>();
        for (const each of changes) {
          if (each.do === 'put') {
            writeFileSync(path(each.name), each.content);
            expected.set(each.name, each.content.length);
          } else if (each.do === 'remove') {
            rmSync(path(each.name), { force: true });
            expected.delete(each.name);
          } else await tracker.scan();
        }
        await tracker.scan();
        expected.delete('node_modules/a');
        expect(new Map([...known].map(([at, file]) => [at, file.size]))).toEqual(expected);
        tracker.close();
      }),
      { numRuns: 40 },
    );
  });
});
