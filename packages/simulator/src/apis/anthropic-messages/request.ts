import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JsonSchema, ModelRequest, ToolDeclaration, Turn, UserEntry } from '../../model-request.ts';
import { withoutNotes } from '../agent-notes.ts';
import { estimateTokens } from '../tokens.ts';
import { type Exchange, RequestProblem } from '../wire-api.ts';

const block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  name: z.string().optional(),
  content: z.unknown().optional(),
});
const content = z.union([z.string(), z.array(block)]);
const jsonSchema = z.record(z.string(), z.unknown());

const body = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content })).min(1),
  system: content.optional(),
  stream: z.boolean().optional(),
  thinking: z.looseObject({ type: z.string() }).optional(),
  tools: z.array(z.looseObject({ name: z.string(), input_schema: jsonSchema.optional() })).optional(),
  output_config: z
    .looseObject({ format: z.looseObject({ schema: jsonSchema.optional() }).nullish() })
    .nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
});

type Body = z.infer<typeof body>;
type Content = z.infer<typeof content>;

/** Reads the body of `POST /v1/messages` (or `/v1/messages/count_tokens`). */
export function parseRequest(value: unknown, { headers, bodyBytes }: Exchange): ModelRequest {
  const parsed = body.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RequestProblem(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is not valid'}`);
  }
  const request = parsed.data;
  const tools = (request.tools ?? []).map(readTool);
  const turns = readTurns(request.messages);
  const session = headers['x-claude-code-session-id'] ?? request.metadata?.user_id ?? '';
  return {
    model: request.model,
    stream: request.stream ?? false,
    thinking: request.thinking !== undefined && request.thinking.type !== 'disabled',
    turns,
    tools,
    chore: tools.length === 0 && isChore(request),
    outputSchema: request.output_config?.format?.schema as JsonSchema | undefined,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([session, turns]))
      .digest('hex'),
    retryCount: Number(headers['x-stainless-retry-count']) || 0,
    inputTokens: estimateTokens(bodyBytes),
  };
}

function readTool(tool: { name: string; input_schema?: Record<string, unknown> }): ToolDeclaration {
  return { name: tool.name, inputSchema: (tool.input_schema ?? {}) as JsonSchema };
}

const CHORE =
  /\b(generate|write|extract|determine|analyze|come up with)\b[^.]{0,120}\b(title|topic|summary)\b/i;

/** Agents ask for session titles and the like without tools, and say so in the system prompt. */
function isChore({ system, output_config }: Body): boolean {
  return Boolean(output_config?.format) || texts(system).some((instruction) => CHORE.test(instruction));
}

function readTurns(messages: Body['messages']): Turn[] {
  const turns: Turn[] = [];
  for (const { role, content: spoken } of messages) {
    if (role === 'assistant') turns.push({ role, toolNames: calledTools(spoken) });
    if (role === 'user') turns.push({ role, entries: readEntries(spoken) });
  }
  return turns;
}

const INTERRUPTION = /^\[Request interrupted by user[^\]]*\]$/;
const RESUMPTION = 'Continue from where you left off.';
/** What Claude Code adds when a connection broke after a part of the answer was whole. */
const BROKEN_OFF = /^Your response above was cut off mid-stream\./;
/** How Claude Code tells of a message sent while it works: within a tool's result, or after it. */
const STEERING =
  /<system-reminder>\s*The user sent a new message while you were working:\n([\s\S]*?)\n\nThis is how/g;

function readEntries(spoken: Content): UserEntry[] {
  if (typeof spoken === 'string') return readWritten(spoken);
  return spoken.flatMap((item) => {
    if (item.type === 'tool_result') return texts(item.content).flatMap(readSteering);
    return item.type === 'text' ? [...readSteering(item.text ?? ''), ...readWritten(item.text ?? '')] : [];
  });
}

function readSteering(text: string): UserEntry[] {
  return [...text.matchAll(STEERING)].map((match) => ({ type: 'text', text: (match[1] as string).trim() }));
}

function readWritten(text: string): UserEntry[] {
  const written = withoutNotes(text);
  if (INTERRUPTION.test(written)) return [{ type: 'interruption' }];
  if (BROKEN_OFF.test(written)) return [{ type: 'broken-off' }];
  return written === '' || written === RESUMPTION ? [] : [{ type: 'text', text: written }];
}

function calledTools(spoken: Content): string[] {
  if (typeof spoken === 'string') return [];
  return spoken.filter(({ type }) => type === 'tool_use').map(({ name }) => name ?? '');
}

function texts(spoken: unknown): string[] {
  if (typeof spoken === 'string') return [spoken];
  const blocks = z.array(block).safeParse(spoken);
  if (!blocks.success) return [];
  return blocks.data.filter(({ type }) => type === 'text').map(({ text }) => text ?? '');
}
