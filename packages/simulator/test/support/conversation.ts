import type { ModelRequest, ToolDeclaration, Turn } from '../../src/model-request.ts';
import { type AnswerContext, answerRequest, type Decision } from '../../src/scenario/answer.ts';

export function user(...texts: string[]): Turn {
  return { role: 'user', entries: texts.map((text) => ({ type: 'text', text })) };
}

export const interrupted: Turn = { role: 'user', entries: [{ type: 'interruption' }] };
export const brokenOff: Turn = { role: 'user', entries: [{ type: 'broken-off' }] };

/** An assistant turn that called these tools; one without tools is a final answer. */
export function assistant(...toolNames: string[]): Turn {
  return { role: 'assistant', toolNames };
}

/** The user turn that brings nothing but tool results. */
export const toolResults: Turn = { role: 'user', entries: [] };

export const bash: ToolDeclaration = {
  name: 'Bash',
  inputSchema: {
    type: 'object',
    properties: { command: { type: 'string' }, description: { type: 'string' }, timeout: { type: 'number' } },
    required: ['command'],
  },
};

export const write: ToolDeclaration = {
  name: 'Write',
  inputSchema: {
    type: 'object',
    properties: { file_path: { type: 'string' }, content: { type: 'string' } },
    required: ['file_path', 'content'],
  },
};

export function request(turns: Turn[], overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: 'some-model',
    stream: true,
    thinking: true,
    turns,
    tools: [bash, write],
    chore: false,
    fingerprint: 'fingerprint',
    retryCount: 0,
    inputTokens: 10,
    ...overrides,
  };
}

const noScripts: AnswerContext = {
  failures: 0,
  readScript: () => Promise.reject(new Error('no script expected')),
};

export function decide(modelRequest: ModelRequest, context: Partial<AnswerContext> = {}): Promise<Decision> {
  return answerRequest(modelRequest, { ...noScripts, ...context });
}

/** The answer's text parts, joined. */
export async function textOf(
  modelRequest: ModelRequest,
  context: Partial<AnswerContext> = {},
): Promise<string> {
  const { answer } = await decide(modelRequest, context);
  if (answer.type === 'error') return `error ${answer.status}`;
  return answer.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** The answer's tool calls. */
export async function callsOf(modelRequest: ModelRequest, context: Partial<AnswerContext> = {}) {
  const { answer } = await decide(modelRequest, context);
  if (answer.type === 'error') return [];
  return answer.parts.flatMap((part) =>
    part.type === 'call' ? [{ name: part.name, input: part.input }] : [],
  );
}
