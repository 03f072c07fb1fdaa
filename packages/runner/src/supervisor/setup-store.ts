import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fidelity, type RunnerSetup, runnerSetupSchema } from '@hhopkins/agent-protocol';
import type { AgentTranscript } from '../drivers/driver.ts';
import { readJsonFile, replaceFile } from '../files/durable.ts';

export interface SetupAnswer {
  fidelity: Fidelity;
  reason?: string | undefined;
}

/** The setup and what was answered to it, for the runner that comes after this one. It holds tokens: for the owner only. */
export interface StoredSetup {
  setup: RunnerSetup;
  answer: SetupAnswer;
}

export async function readSetup(path: string): Promise<StoredSetup | null> {
  const stored = (await readJsonFile(path)) as StoredSetup | null;
  const setup = runnerSetupSchema.safeParse(stored?.setup);
  return stored?.answer && setup.success ? { setup: setup.data, answer: stored.answer } : null;
}

export const saveSetup = (path: string, stored: StoredSetup): Promise<void> =>
  replaceFile(path, JSON.stringify(stored), 0o600);

/**
 * The saved transcript that was put into the restore folder: `main.jsonl`, `subagents/<id>.jsonl`, and `agent-session-id`.
 * Null when there is none.
 */
export async function readSavedTranscript(
  folder: string,
  agentSessionId: string | undefined,
): Promise<AgentTranscript | null> {
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined);
  const main = await read('main.jsonl');
  const id = (await read('agent-session-id'))?.trim() || agentSessionId;
  if (main === undefined || !id) return null;
  const names = await readdir(join(folder, 'subagents')).catch(() => [] as string[]);
  const subagents = await Promise.all(
    names
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map(async (name) => ({
        id: name.slice(0, -'.jsonl'.length),
        raw: (await read(join('subagents', name))) ?? '',
      })),
  );
  return { agentSessionId: id, main, subagents };
}

export const removeSavedTranscript = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true });
