import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import {
  type AgentProfile,
  type AgentProfileInput,
  AgentServerError,
  agentProfileSchema,
  invalidRequest,
  LIMITS,
} from '@hhopkins/agent-protocol';

/**
 * Reads a folder of profiles, one sub-folder each, named by its id:
 *
 *     <id>/profile.json          name, description, model, systemPrompt, permissionMode, … (all optional)
 *     <id>/CLAUDE.md             instructions
 *     <id>/skills/<name>/…       skills, each with a SKILL.md
 *     <id>/agents/<name>.md      subagents
 *     <id>/commands/<name>.md    slash commands
 *     <id>/mcp.json              { "mcpServers": { … } }
 *     <id>/files/…               files that a workspace starts with
 *
 * @throws AgentServerError `invalid_configuration` naming the file and what is wrong in it
 */
export async function readProfileFolder(folder: string): Promise<AgentProfile[]> {
  const entries = await list(folder);
  if (!entries) throw new AgentServerError('invalid_configuration', `profiles: there is no folder ${folder}`);
  return Promise.all(
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => readProfile(join(folder, name), name)),
  );
}

async function readProfile(folder: string, id: string): Promise<AgentProfile> {
  const settings = (await readJson(join(folder, 'profile.json'))) ?? {};
  const mcp = (await readJson(join(folder, 'mcp.json'))) as { mcpServers?: unknown } | undefined;
  const instructions = await read(join(folder, 'CLAUDE.md'));
  const profile = {
    ...settings,
    id,
    ...(instructions === undefined ? {} : { instructions: instructions.toString('utf8') }),
    skills: await readSkills(join(folder, 'skills')),
    subagents: await readMarkdown(join(folder, 'agents')),
    commands: await readMarkdown(join(folder, 'commands')),
    ...(mcp?.mcpServers === undefined ? {} : { mcpServers: mcp.mcpServers }),
    defaultFiles: await readFiles(join(folder, 'files')),
  } as AgentProfileInput;
  const parsed = agentProfileSchema.safeParse(profile);
  if (parsed.success) return parsed.data;
  throw new AgentServerError(
    'invalid_configuration',
    invalidRequest(parsed.error, `profile ${folder}`).message,
  );
}

async function readSkills(folder: string): Promise<AgentProfileInput['skills']> {
  const skills = (await list(folder)) ?? [];
  return Promise.all(
    skills
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => ({
        name,
        files: (await walk(join(folder, name))).map(({ path, content }) => ({
          path,
          content: content.toString('utf8'),
        })),
      })),
  );
}

async function readMarkdown(folder: string): Promise<{ name: string; content: string }[]> {
  const files = (await walk(folder)).filter(({ path }) => path.endsWith('.md'));
  return files.map(({ path, content }) => ({
    name: path.slice(0, -'.md'.length),
    content: content.toString('utf8'),
  }));
}

async function readFiles(folder: string): Promise<AgentProfileInput['defaultFiles']> {
  return (await walk(folder)).map(({ path, content }) => ({
    path,
    content: content.toString('base64'),
    encoding: 'base64' as const,
  }));
}

/** All files below `folder`, with relative paths and forward slashes; none when there is no such folder. */
async function walk(folder: string): Promise<{ path: string; content: Buffer }[]> {
  const found: { path: string; content: Buffer }[] = [];
  const visit = async (directory: string): Promise<void> => {
    for (const entry of (await list(directory)) ?? []) {
      const full = join(directory, entry.name);
      if (entry.isDirectory()) await visit(full);
      else if (entry.isFile()) {
        const content = await readFile(full);
        if (content.length > LIMITS.file) {
          throw new AgentServerError('invalid_configuration', `${full} is larger than ${LIMITS.file} bytes`);
        }
        found.push({ path: relative(folder, full).split(sep).join('/'), content });
      }
    }
  };
  await visit(folder);
  return found.sort((left, right) => (left.path < right.path ? -1 : 1));
}

async function list(folder: string): Promise<Dirent[] | undefined> {
  return readdir(folder, { withFileTypes: true }).catch(absent);
}

async function read(file: string): Promise<Buffer | undefined> {
  return readFile(file).catch(absent);
}

async function readJson(file: string): Promise<object | undefined> {
  const text = await read(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text.toString('utf8')) as object;
  } catch (cause) {
    throw new AgentServerError('invalid_configuration', `${file} is not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
