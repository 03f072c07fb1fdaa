import { randomUUID } from 'node:crypto';
import type { CanUseTool, PermissionResult } from '@anthropic-ai/claude-agent-sdk';
import { type Json, MAIN_CONVERSATION, questionRequestSchema } from '@hhopkins/agent-protocol';
import type { DriverEvent, PermissionAnswer } from '../driver.ts';
import type { PermissionMode } from './options.ts';

const QUESTION_TOOL = 'AskUserQuestion';
const DENIED = 'The user does not want this tool to be used.';
const DROPPED = 'The turn ended before this was answered.';

type ToolInput = Record<string, unknown>;
type AskContext = Parameters<CanUseTool>[2];

interface OpenAsk {
  kind: 'permission' | 'question';
  toolName: string;
  input: ToolInput;
  settle(result: PermissionResult): void;
}

/** What the agent asks the user: whether it may use a tool, and questions of its own. */
export interface Asks {
  readonly canUseTool: CanUseTool;
  answerPermission(requestId: string, answer: PermissionAnswer): void;
  answerQuestion(requestId: string, answers: Readonly<Record<string, string>>): void;
  /** Nobody will answer any more: what is open is refused. */
  drop(): void;
}

export interface AsksSettings {
  mode(): PermissionMode;
  /** Tools that are never asked about, by name. `allow_always` adds to them. */
  allowedTools: readonly string[];
  emit(event: DriverEvent<'permission:requested' | 'question:requested'>): void;
}

/** In mode `allow` only the agent's questions reach the user. */
export function createAsks({ mode, allowedTools, emit }: AsksSettings): Asks {
  const allowed = new Set(allowedTools);
  const open = new Map<string, OpenAsk>();

  /** Opens an ask, says so, and waits for whoever settles it first: an answer, the agent itself, or `drop`. */
  async function ask(
    kind: OpenAsk['kind'],
    toolName: string,
    input: ToolInput,
    { signal }: AskContext,
    say: (requestId: string) => void,
  ): Promise<PermissionResult> {
    // Messages that came before the ask, its tool call among them, are read first.
    await new Promise(setImmediate);
    if (signal.aborted) return { behavior: 'deny', message: DROPPED };
    const requestId = randomUUID();
    return new Promise((resolve) => {
      const settle = (result: PermissionResult) => {
        open.delete(requestId);
        resolve(result);
      };
      open.set(requestId, { kind, toolName, input, settle });
      signal.addEventListener('abort', () => settle({ behavior: 'deny', message: DROPPED }), { once: true });
      say(requestId);
    });
  }

  function askQuestion(input: ToolInput, context: AskContext): Promise<PermissionResult> {
    const questions = questionRequestSchema.shape.questions.safeParse(input.questions);
    if (!questions.success) {
      return Promise.resolve({ behavior: 'deny', message: 'Ask with questions that each have options.' });
    }
    return ask('question', QUESTION_TOOL, input, context, (requestId) => {
      const payload = { ...whereOf(context), requestId, questions: questions.data };
      emit({ type: 'question:requested', conversationId: payload.conversationId, payload });
    });
  }

  function askPermission(toolName: string, input: ToolInput, context: AskContext): Promise<PermissionResult> {
    return ask('permission', toolName, input, context, (requestId) => {
      const { suggestions } = context;
      const proposals = suggestions ? { suggestions: suggestions as Json[] } : {};
      const payload = { ...whereOf(context), requestId, toolName, input: input as Json, ...proposals };
      emit({ type: 'permission:requested', conversationId: payload.conversationId, payload });
    });
  }

  return {
    async canUseTool(toolName, input, context) {
      if (toolName === QUESTION_TOOL) return askQuestion(input, context);
      if (mode() === 'allow' || allowed.has(toolName)) return { behavior: 'allow', updatedInput: input };
      return askPermission(toolName, input, context);
    },

    answerPermission(requestId, { decision, message, updatedInput }) {
      const asked = open.get(requestId);
      if (asked?.kind !== 'permission') return;
      if (decision === 'deny') return asked.settle({ behavior: 'deny', message: message || DENIED });
      // A rule of Claude's own making would be written into the workspace, and forgotten with this process.
      if (decision === 'allow_always') allowed.add(asked.toolName);
      asked.settle({ behavior: 'allow', updatedInput: isObject(updatedInput) ? updatedInput : asked.input });
    },

    answerQuestion(requestId, answers) {
      const asked = open.get(requestId);
      if (asked?.kind !== 'question') return;
      asked.settle({ behavior: 'allow', updatedInput: { ...asked.input, answers } });
    },

    drop() {
      for (const asked of [...open.values()]) asked.settle({ behavior: 'deny', message: DROPPED });
    },
  };
}

/** `agentID` is the subagent that asks. */
const whereOf = ({ agentID, toolUseID }: AskContext) => ({
  conversationId: agentID ?? MAIN_CONVERSATION,
  toolUseId: toolUseID,
});

const isObject = (value: unknown): value is ToolInput =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
