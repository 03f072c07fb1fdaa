import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentProfile } from '@hhopkins/agent-protocol';
import { z } from 'zod';
import { readJsonFile, replaceFile } from '../../files/durable.ts';

const manifestSchema = z.array(z.string());

export interface ProfilePlace {
  /** Claude's `CLAUDE_CONFIG_DIR`: what lies there holds for the user, and stays out of the workspace. */
  configFolder: string;
  /** Where it is kept which files were written, so that a later profile can take them back. */
  stateFolder: string;
}

/**
 * Writes the profile's forms as Claude's user-level files, and removes those of an earlier profile that are gone. Files
 * that the agent or the user made there stay. Again with the same profile, nothing changes.
 */
export async function writeProfile(profile: AgentProfile, place: ProfilePlace): Promise<void> {
  const manifest = join(place.stateFolder, 'claude-profile.json');
  const files = profileFiles(profile);
  const before = manifestSchema.safeParse(await readJsonFile(manifest)).data ?? [];
  // Named before they exist, so that none is forgotten when this breaks off.
  await replaceFile(manifest, JSON.stringify([...new Set([...before, ...files.keys()])]));
  for (const path of before) if (!files.has(path)) await remove(place.configFolder, path);
  for (const [path, content] of files) await write(join(place.configFolder, path), content);
  await replaceFile(manifest, JSON.stringify([...files.keys()]));
}

/** Path below the config folder → content. */
function profileFiles(profile: AgentProfile): Map<string, string> {
  const files = new Map<string, string>();
  if (profile.instructions !== undefined) files.set('CLAUDE.md', profile.instructions);
  for (const skill of profile.skills) {
    for (const { path, content } of skill.files) files.set(`skills/${skill.name}/${path}`, content);
  }
  for (const { name, content } of profile.subagents) files.set(`agents/${name}.md`, content);
  for (const { name, content } of profile.commands) files.set(`commands/${name}.md`, content);
  return files;
}

async function write(path: string, content: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === content) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** Folders that become empty go too. */
async function remove(folder: string, path: string): Promise<void> {
  await rm(join(folder, path), { force: true });
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    const removed = await rmdir(join(folder, parent)).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}
