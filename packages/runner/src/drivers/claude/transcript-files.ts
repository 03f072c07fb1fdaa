import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { claude } from '@hhopkins/agent-converters';
import type { AgentTranscript } from '../driver.ts';

/** Where one session's transcript lies, absolute. */
export interface TranscriptPlace {
  main: string;
  subagents: string;
}

/** @param workspace real path of the agent's working directory */
export function transcriptPlace(configFolder: string, workspace: string, sessionId: string): TranscriptPlace {
  const { main, subagents } = claude.claudeTranscriptPaths(workspace, sessionId);
  return { main: join(configFolder, main), subagents: join(configFolder, subagents) };
}

/** The whole lines of the main transcript, empty when there is none. */
export async function readMain(place: TranscriptPlace): Promise<string> {
  return wholeLines(await readText(place.main));
}

/** Subagents may start subagents, whose names a list that was read before cannot have. */
const PASSES = 4;

/**
 * The subagents' transcripts, each packed with its meta file. Read after the main transcript, they hold all that it
 * names, as a subagent's line is on disk before its parent's that answers it. Parents are read before their children.
 */
export async function readSubagents(place: TranscriptPlace): Promise<AgentTranscript['subagents']> {
  const found = new Map<string, string>();
  for (let pass = 0; pass < PASSES; pass += 1) {
    const files = await readdir(place.subagents).catch(() => []);
    const ids = files.map(claude.subagentIdOfFile).filter((id) => id !== undefined && !found.has(id));
    if (ids.length === 0) break;
    const metas = new Map<string, string>();
    for (const id of ids as string[]) metas.set(id, await readText(fileOf(place, id).meta));
    const parentsFirst = [...metas].sort(([, one], [, other]) => depthOf(one) - depthOf(other));
    for (const [id, meta] of parentsFirst) {
      const raw = wholeLines(await readText(fileOf(place, id).raw));
      found.set(id, claude.packClaudeSubagent({ raw, meta }));
    }
  }
  return [...found].map(([id, raw]) => ({ id, raw }));
}

/** An id that is safe to be a part of a file's name. Claude's own are hexadecimal, or a name with a number. */
const FILE_NAME = /^[\w-][\w.-]*$/;

/** Lays a saved transcript where Claude finds it, with what broke off in it closed. */
export async function writeTranscript(place: TranscriptPlace, saved: AgentTranscript): Promise<void> {
  await rm(place.subagents, { recursive: true, force: true });
  for (const { id, raw: packed } of saved.subagents) {
    if (!FILE_NAME.test(id)) continue;
    const { raw, meta } = claude.unpackClaudeSubagent(packed);
    const file = fileOf(place, id);
    await write(file.raw, claude.repairClaudeTranscript(raw));
    if (meta !== undefined) await write(file.meta, meta);
  }
  await write(place.main, claude.repairClaudeTranscript(saved.main));
}

/** Whether Claude can resume from this: it needs a message, be it of the user or its own. */
export function isResumable(main: string): boolean {
  return main.split('\n').some((text) => {
    if (!/"type":"(user|assistant)"/.test(text)) return false;
    try {
      const { type, uuid } = JSON.parse(text);
      return (type === 'user' || type === 'assistant') && typeof uuid === 'string';
    } catch {
      return false;
    }
  });
}

function fileOf(place: TranscriptPlace, id: string): { raw: string; meta: string } {
  const { raw, meta } = claude.subagentFiles(id);
  return { raw: join(place.subagents, raw), meta: join(place.subagents, meta) };
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, content, { mode: 0o600 });
}

const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);

function depthOf(meta: string): number {
  try {
    return Number(JSON.parse(meta).spawnDepth) || 0;
  } catch {
    return 0;
  }
}
