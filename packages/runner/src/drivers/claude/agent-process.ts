import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { SpawnOptions } from '@anthropic-ai/claude-agent-sdk';
import { createDeferred } from '../../deferred.ts';
import { endProcesses } from '../../processes/end.ts';
import { startTimeOf } from '../../processes/table.ts';

/** What is kept of the end of stderr, in characters. */
const STDERR_KEPT = 8 * 1024;

/** The running `claude` program. */
export interface AgentProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** The end of what it wrote to stderr. */
  readonly complaints: string;
  /** Resolves when it has ended, or could not be started. */
  readonly exited: Promise<void>;
  /** False from the moment of its death on, which is before anything else tells of it. */
  isAlive(): Promise<boolean>;
  /** Ends it and everything that it started, at once. */
  kill(): Promise<void>;
}

/**
 * Starts `claude` as the leader of a process group of its own.
 *
 * @param mark variable in the options' environment, `name=value`, by which all that it starts is found: Claude gives its
 *   shells sessions of their own, so that neither group nor parent leads to them once it has died
 */
export function spawnAgent(options: SpawnOptions, mark: string): AgentProcess {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const started = child.pid === undefined ? undefined : startTimeOf(child.pid);
  const exit = createDeferred<void>();
  let hasExited = false;
  const onExit = () => {
    hasExited = true;
    exit.resolve();
  };
  child.once('exit', onExit);
  child.once('error', onExit);

  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-STDERR_KEPT);
  });
  // A program that has died closes its stdin; who writes to it learns that from its exit.
  child.stdin.on('error', () => {});

  async function kill(): Promise<void> {
    const { pid } = child;
    const startTime = await started;
    await endProcesses(pid !== undefined && startTime !== undefined ? [{ pid, startTime }] : [], mark);
  }
  options.signal.addEventListener('abort', () => void kill(), { once: true });

  return {
    child,
    get complaints() {
      return complaints.trim();
    },
    exited: exit.promise,
    async isAlive() {
      if (hasExited || child.pid === undefined) return false;
      const startTime = await started;
      return startTime === undefined || (await startTimeOf(child.pid)) === startTime;
    },
    kill,
  };
}
