import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bubblewrap, plainProcesses } from '@hhopkins/agent-sandbox-local';
import { until } from '../wait.ts';
import type { FaultKind } from './kind.ts';
import { AGENT, findOne, killOne, RUNNER } from './means.ts';

const SANDBOX_MS = 30_000;

/** What dies within a sandbox, or with it. */
export const INSIDE_KINDS: readonly FaultKind[] = [
  {
    name: 'runner-kill',
    scope: 'session',
    outcome: 'runner_lost',
    async inflict({ session }) {
      const { pid } = await killOne('the runner', session.processes, RUNNER);
      return `kill -9 of ${pid}`;
    },
  },
  {
    name: 'runner-freeze',
    scope: 'session',
    outcome: 'undisturbed',
    async inflict({ session, random }) {
      // One in four is longer than any heartbeat between engine and runner.
      const frozenMs = random.between(0, 3) === 0 ? 24_000 : random.between(300, 4000);
      const { pid } = await findOne('the runner', session.processes, RUNNER);
      process.kill(pid, 'SIGSTOP');
      try {
        await pause(frozenMs);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      return `frozen for ${frozenMs} ms`;
    },
  },
  {
    name: 'agent-kill',
    scope: 'session',
    outcome: 'agent_lost',
    agents: ['claude'],
    async inflict({ session }) {
      const { pid } = await killOne('the agent', session.processes, AGENT);
      return `kill -9 of ${pid}`;
    },
  },
  {
    name: 'sandbox-end',
    scope: 'session',
    outcome: 'sandbox_lost',
    async inflict({ scene, session, random }) {
      const sandboxId = await until('a sandbox', SANDBOX_MS, session.sandboxId);
      if (random.between(0, 1) === 0) {
        for (const { pid } of scene.processes(sandboxId)) {
          try {
            process.kill(pid, 'SIGKILL');
          } catch {
            // It ended with another one of them.
          }
        }
        return `kill -9 of all in ${sandboxId}`;
      }
      const directory = join(scene.dataDirectory, 'sandboxes');
      const provider = scene.options.sandbox === 'plain' ? plainProcesses : bubblewrap;
      const sandbox = await provider({ directory }).attach(sandboxId);
      await sandbox.terminate();
      return `${sandboxId} deleted`;
    },
  },
];
