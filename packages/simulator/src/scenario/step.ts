/** A tool call in the words of the scenarios; `tools/shapes` turns it into the agent's own tool. */
export type CanonicalCall =
  | { tool: 'shell'; command: string; description: string; timeoutSeconds?: number; background?: boolean }
  | { tool: 'write'; path: string; content: string }
  | { tool: 'subagent'; prompt: string; description: string; agentType?: string; background: boolean }
  | { tool: 'question'; question: string; header: string; choices: { label: string; description: string }[] }
  | { tool: 'named'; name: string; input: Record<string, unknown> };

export type StepPart =
  | { type: 'thinking'; text: string }
  | { type: 'text'; text: string }
  | { type: 'call'; call: CanonicalCall };

/** One assistant message. */
export interface MessageStep {
  type: 'message';
  parts: StepPart[];
  /** Tokens a second; the simulator's default when absent. */
  rate?: number;
  /** How the stream breaks after its parts, for tests of broken model connections. */
  breakage?: { kind: 'error'; status: number } | { kind: 'cut' };
}

/** An HTTP error in place of a message. */
export interface ErrorStep {
  type: 'error';
  status: number;
  message: string;
  retryAfterSeconds?: number;
}

export type Step = MessageStep | ErrorStep;

/** Builds a message step. */
export function message(parts: StepPart[], rate?: number): MessageStep {
  return { type: 'message', parts, ...(rate === undefined ? {} : { rate }) };
}

export function text(content: string): StepPart {
  return { type: 'text', text: content };
}

export function thinking(content: string): StepPart {
  return { type: 'thinking', text: content };
}

export function call(canonical: CanonicalCall): StepPart {
  return { type: 'call', call: canonical };
}
