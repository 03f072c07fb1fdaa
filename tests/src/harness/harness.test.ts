import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionEvent } from '@hhopkins/agent-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { endAll, processesOf, untilNobodyLeft } from './census.ts';
import { eventually, within } from './deadline.ts';
import { createWitness } from './witness.ts';

const event = (seq: number, sessionId = 'session'): SessionEvent => ({
  seq,
  type: 'log',
  payload: { level: 'info', message: `${seq}` },
  context: {
    sessionId,
    conversationId: 'main',
    source: 'engine',
    timestamp: new Date(0).toISOString(),
  },
});

describe('a witness', () => {
  it('finds nothing wrong with events that come once and in order', () => {
    const witness = createWitness('session');
    witness.takeStream('stream');
    witness.takeEvents([event(1), event(2)]);
    witness.takeEvents([event(3)]);
    expect(witness.faults).toEqual([]);
    expect(witness.cursor).toEqual({ streamId: 'stream', seq: 3 });
  });

  it.each([
    ['a gap', [event(1), event(3)]],
    ['a double', [event(1), event(1)]],
    ['another order', [event(1), event(3), event(2)]],
    ['a stream that does not begin at 1', [event(2)]],
    ['an event of another session', [event(1, 'another')]],
  ])('notices %s', (_what, events) => {
    const witness = createWitness('session');
    witness.takeEvents(events);
    expect(witness.faults).not.toEqual([]);
  });

  it('notices another stream, and a snapshot in place of the events that are due', () => {
    const witness = createWitness('session');
    witness.takeStream('stream');
    witness.takeEvents([event(1)]);
    witness.takeStream('another');
    witness.takeSnapshot({ ...witness.state(), streamId: 'stream', seq: 9 });
    expect(witness.faults).toHaveLength(2);
  });
});

describe('the census', () => {
  /** A process with this in its environment, and nowhere else. */
  async function startMarked(mark: string) {
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)'], {
      env: { MARK: mark },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    return child;
  }

  it('finds who has a folder in its environment, tells of it while it lives, and ends it', async () => {
    const folder = `/nowhere/census-${crypto.randomUUID()}`;
    const child = await startMarked(folder);
    expect(processesOf(folder).map(({ pid }) => pid)).toEqual([child.pid]);
    await expect(untilNobodyLeft(folder, 100)).rejects.toThrow(`${child.pid}`);
    endAll(folder);
    await untilNobodyLeft(folder);
  });

  it('does not end who only stands in the folder, or was pointed at it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'census-'));
    const bystander = spawn('tail', ['-F', '/dev/null', join(folder, 'log')], {
      cwd: folder,
      env: {},
      stdio: 'ignore',
    });
    onTestFinished(async () => {
      bystander.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    });
    await once(bystander, 'spawn');
    await eventually('the census finds it', () =>
      processesOf(folder).some(({ pid }) => pid === bystander.pid),
    );

    // One that is ended shows that the call was over when the other was still there.
    const child = await startMarked(folder);
    endAll(folder);
    await once(child, 'exit');
    expect(processesOf(folder).map(({ pid }) => pid)).toEqual([bystander.pid]);
  });

  it('takes no mount that everybody has for a trace', async () => {
    const child = await startMarked('nothing');
    const [, , , , place = ''] =
      readFileSync('/proc/self/mountinfo', 'latin1').split('\n')[1]?.split(' ') ?? [];
    expect(place).toMatch(/^\//);
    expect(processesOf(`${place} `).map(({ pid }) => pid)).not.toContain(child.pid);
    expect(processesOf(place).map(({ pid }) => pid)).not.toContain(child.pid);
  });
});

describe('a wait', () => {
  it('ends with what did not come', async () => {
    const never = new Promise<never>(() => {});
    await expect(
      within('the end', never, { milliseconds: 20, detail: () => 'Seen: nothing' }),
    ).rejects.toThrow('the end: not within 20 ms. Seen: nothing');
    await expect(eventually('the end', () => false, 20)).rejects.toThrow('the end: not within 20 ms');
  });
});
