import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Block, MessageContent } from '@hhopkins/agent-protocol';
import type { AgentTranscript } from '../driver.ts';

/** A line of the scripted agent's own transcript. */
export type TranscriptLine =
  | { type: 'user'; messageId: string; turnId: string; content: MessageContent }
  | { type: 'block'; block: Block };

/** The scripted agent's record of its conversation: `main.jsonl` and a file a subagent. */
export interface TranscriptStore {
  append(line: TranscriptLine, subagentId?: string): Promise<void>;
  read(): Promise<AgentTranscript | null>;
  /** Replaces everything. Torn lines are cut. */
  restore(saved: AgentTranscript): Promise<void>;
  lines(): Promise<TranscriptLine[]>;
}

const SESSION_FILE = 'session-id';

export function createTranscriptStore(folder: string, newSessionId: string): TranscriptStore {
  const subagents = join(folder, 'subagents');
  const read = (path: string) => readFile(path, 'utf8').catch(() => undefined);

  const prepare = async (): Promise<void> => {
    await mkdir(subagents, { recursive: true });
    if ((await read(join(folder, SESSION_FILE))) === undefined) {
      await writeFile(join(folder, SESSION_FILE), newSessionId);
    }
  };

  const fileOf = (subagentId: string | undefined) =>
    subagentId === undefined ? join(folder, 'main.jsonl') : join(subagents, `${subagentId}.jsonl`);

  return {
    async append(line, subagentId) {
      await prepare();
      await appendFile(fileOf(subagentId), `${JSON.stringify(line)}\n`);
    },
    async read() {
      const agentSessionId = await read(join(folder, SESSION_FILE));
      const main = await read(fileOf(undefined));
      if (agentSessionId === undefined || main === undefined) return null;
      const names = (await readdir(subagents)).filter((name) => name.endsWith('.jsonl')).sort();
      const raws = names.map(async (name) => ({
        id: basename(name, '.jsonl'),
        raw: (await read(join(subagents, name))) ?? '',
      }));
      return { agentSessionId, main, subagents: await Promise.all(raws) };
    },
    async restore(saved) {
      await mkdir(subagents, { recursive: true });
      await writeFile(join(folder, SESSION_FILE), saved.agentSessionId);
      await writeFile(fileOf(undefined), wholeLines(saved.main));
      for (const { id, raw } of saved.subagents) await writeFile(fileOf(id), wholeLines(raw));
    },
    async lines() {
      return parseTranscript((await read(fileOf(undefined))) ?? '');
    },
  };
}

/** The lines that are whole, in order. */
export const parseTranscript = (raw: string): TranscriptLine[] =>
  wholeLines(raw)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TranscriptLine);

function wholeLines(raw: string): string {
  const whole = raw.split('\n').filter((line) => {
    try {
      return typeof JSON.parse(line) === 'object';
    } catch {
      return false;
    }
  });
  return whole.map((line) => `${line}\n`).join('');
}
