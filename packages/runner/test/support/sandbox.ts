import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { RunnerFrame } from '@hhopkins/agent-protocol';
import { afterEach } from 'vitest';
import { connectEngine, type Engine } from './engine.ts';

/** Folders of a sandbox on this machine, and the runner in it. */
export interface TestSandbox {
  readonly state: string;
  readonly workspace: string;
  readonly home: string;
  /** Connects as an engine would: by `connect`, which starts `serve` when none runs. */
  connect(...flags: string[]): Engine;
  /** The process id of the running `serve`. */
  servePid(): number;
  /** Ends `serve` and waits until it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Whether the process runs; one that has ended and waits for its parent does not. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
};

/** Processes that have the text in their command line. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
      } catch {
        return false;
      }
    });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}

/** Resolves when the condition holds; rejects after 20 s. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await wait(10)) {
    if (await condition()) return;
  }
  throw new Error(`it did not come to be: ${what}`);
}

/** Makes sandboxes; after each test their runners are ended and their folders removed. */
export function useSandboxes(bundle: () => string): (folder?: string) => TestSandbox {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  return (folder = '') => {
    const top = realpathSync(mkdtempSync(join(tmpdir(), 'agent-runner-')));
    const root = join(top, folder);
    const paths = {
      state: join(root, 'state'),
      workspace: join(root, 'workspace'),
      home: join(root, 'home'),
    };
    for (const path of [paths.workspace, paths.home]) mkdirSync(path, { recursive: true });
    const engines: Engine[] = [];

    const servePids = (): number[] => {
      const log = join(paths.state, 'runner.log');
      if (!existsSync(log)) return [];
      return [...readFileSync(log, 'utf8').matchAll(/as process (\d+)/g)].map((match) => Number(match[1]));
    };

    cleanups.push(async () => {
      for (const engine of engines) engine.kill();
      // A runner that came second may still be about to take the place of the first.
      await eventually('the runners are gone', () => {
        const left = processesWith(paths.state);
        for (const pid of left) signal(pid, 'SIGTERM');
        return left.length === 0;
      });
      rmSync(top, { recursive: true, force: true });
    });

    return {
      ...paths,
      connect(...flags) {
        const folders = ['--state', paths.state, '--workspace', paths.workspace, '--home', paths.home];
        const args = [bundle(), 'connect', ...folders, '--session', 'session-1', ...flags];
        const engine = connectEngine(process.execPath, args);
        engines.push(engine);
        return engine;
      },
      servePid() {
        const pid = servePids().at(-1);
        if (pid === undefined || !isAlive(pid)) throw new Error('no runner serves');
        return pid;
      },
      async end(signal) {
        const pid = servePids().at(-1);
        if (pid === undefined) throw new Error('no runner was started');
        process.kill(pid, signal);
        await eventually(`the runner ended by ${signal}`, () => !isAlive(pid));
      },
    };
  };
}

/** The process that the scripted agent started by `spawn`. */
export async function spawnedProcess(engine: Engine): Promise<number> {
  const pidOf = (frame: RunnerFrame): number | undefined => {
    const { block } = (frame.type === 'event' ? frame.event.payload : {}) as { block?: { output?: unknown } };
    const digits = /^process (\d+)$/.exec(String(block?.output))?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const frame = await engine.find('a spawned process', (each) => pidOf(each) !== undefined);
  return pidOf(frame) ?? 0;
}
