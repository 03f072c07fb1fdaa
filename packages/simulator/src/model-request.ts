/** A JSON schema as an agent declares it; only the parts that the simulator fills are named. */
export interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  default?: unknown;
  minItems?: number;
  [keyword: string]: unknown;
}

/** A tool that the agent offers in its request. `freeform` tools take plain text instead of JSON. */
export interface ToolDeclaration {
  name: string;
  inputSchema: JsonSchema;
  freeform?: boolean;
}

/**
 * What a user turn brings, in order: a text that a person wrote (the agent's own reminders are already taken
 * out), the note that the person interrupted the agent, or the agent's note that the answer before it broke off.
 */
export type UserEntry = { type: 'text'; text: string } | { type: 'interruption' } | { type: 'broken-off' };

export interface UserTurn {
  role: 'user';
  entries: UserEntry[];
}

export interface AssistantTurn {
  role: 'assistant';
  /** Names of the tools this turn called; empty when it only spoke, which ends the agent's turn. */
  toolNames: string[];
}

export type Turn = UserTurn | AssistantTurn;

/** A model request with its wire API taken off: all that a scenario may know. */
export interface ModelRequest {
  model: string;
  stream: boolean;
  /** Whether the agent asked for thinking; without it, thinking parts are left out of the answer. */
  thinking: boolean;
  turns: Turn[];
  tools: ToolDeclaration[];
  /** A chore of the agent (a title, a topic check), not a turn of the conversation. */
  chore: boolean;
  /** The form in which a chore wants its answer, when it wants JSON. */
  outputSchema?: JsonSchema;
  /** Equal for two requests exactly when the second repeats the first. */
  fingerprint: string;
  /** How often the client's HTTP library says it has repeated this request. */
  retryCount: number;
  inputTokens: number;
}
