import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { ScenarioProblem } from './options.ts';
import type { Step } from './step.ts';

const MAX_SCRIPT_BYTES = 1024 * 1024;

const rate = z.number().min(0.1).max(10_000).optional();
const status = z.int().min(400).max(599);

const canonicalCall = z.discriminatedUnion('tool', [
  z.strictObject({
    tool: z.literal('shell'),
    command: z.string(),
    description: z.string().default('Run a command'),
    timeoutSeconds: z.number().positive().optional(),
  }),
  z.strictObject({ tool: z.literal('write'), path: z.string(), content: z.string() }),
  z.strictObject({
    tool: z.literal('subagent'),
    prompt: z.string(),
    description: z.string().default('Simulated task'),
    agentType: z.string().optional(),
    background: z.boolean().default(false),
  }),
  z.strictObject({
    tool: z.literal('question'),
    question: z.string(),
    header: z.string().default('Question'),
    choices: z.array(z.strictObject({ label: z.string(), description: z.string().default('') })).min(2),
  }),
  z.strictObject({
    tool: z.literal('named'),
    name: z.string(),
    input: z.record(z.string(), z.unknown()).default({}),
  }),
]);

const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('thinking'), text: z.string() }),
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({ type: z.literal('call'), call: canonicalCall }),
]);

const breakage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('error'), status }),
  z.strictObject({ kind: z.literal('cut') }),
]);

const step = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('message'), parts: z.array(part), rate, breakage: breakage.optional() }),
  z.strictObject({
    type: z.literal('error'),
    status,
    message: z.string().default('simulated error'),
    retryAfterSeconds: z.number().min(0).max(3600).optional(),
  }),
]);

const script = z.strictObject({ steps: z.array(step).min(1).max(1000) });

/**
 * Reads the steps of a script file. Problems name the place in the file, never its content: a path is only as
 * trustworthy as the message it came with.
 */
export async function readScriptFile(path: string): Promise<Step[]> {
  const parsed = script.safeParse(parseJson(path, await readBounded(path)));
  if (parsed.success) return parsed.data.steps;
  const places = parsed.error.issues.slice(0, 3).map(({ path: place }) => place.join('.') || 'the top level');
  throw new ScenarioProblem(
    `The script ${path} is not of the form { "steps": [...] }: see ${places.join(', ')}.`,
  );
}

async function readBounded(path: string): Promise<string> {
  const unreadable = (error: NodeJS.ErrnoException): never => {
    throw new ScenarioProblem(`The script ${path} cannot be read (${error.code ?? 'unknown error'}).`);
  };
  const information = await stat(path).catch(unreadable);
  if (!information.isFile()) throw new ScenarioProblem(`The script ${path} is not a regular file.`);
  if (information.size > MAX_SCRIPT_BYTES) {
    throw new ScenarioProblem(`The script ${path} is over ${MAX_SCRIPT_BYTES} bytes.`);
  }
  return readFile(path, 'utf8').catch(unreadable);
}

function parseJson(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new ScenarioProblem(`The script ${path} is not JSON.`);
  }
}
