import type { ModelRequest, UserTurn } from '../model-request.ts';
import { parseScenarioLine, type ScenarioLine } from './line.ts';

/** What the user wants at this point of the conversation, and how far the agent has come with it. */
export interface Prompt {
  text: string;
  /** The `sim:` line of the text; undefined for any other text. */
  line: ScenarioLine | undefined;
  /** Assistant turns with tool calls since the prompt, not counting those that only loaded a tool's schema. */
  step: number;
  /** Whether the agent already answered this prompt and now comes back, as after a background task. */
  answered: boolean;
  /** Names of the tools called since the prompt. */
  toolNames: string[];
  /** What the user wrote before this prompt, oldest first. */
  earlier: string[];
}

/**
 * Finds the prompt that a request works on: the last text that the user wrote.
 *
 * A text without a `sim:` line in the midst of an agent's turn (after a tool call, before the final answer) is no
 * new prompt: agents put notes of their own there, and a person who steers has not asked for another scenario.
 */
export function findPrompt(
  request: ModelRequest,
  isLoader: (toolName: string) => boolean,
): Prompt | undefined {
  let prompt: Prompt | undefined;
  let working = false;
  let answeredBefore = false;
  const earlier: string[] = [];

  function readUserTurn(turn: UserTurn): void {
    for (const entry of turn.entries) {
      if (entry.type === 'interruption') {
        working = false;
        continue;
      }
      if (entry.type === 'broken-off') {
        // What it had said is no answer yet.
        if (prompt) prompt.answered = answeredBefore;
        continue;
      }
      const line = parseScenarioLine(entry.text);
      if (line || !working) {
        prompt = { text: entry.text, line, step: 0, answered: false, toolNames: [], earlier: [...earlier] };
      }
      earlier.push(entry.text);
    }
  }

  for (const turn of request.turns) {
    if (turn.role === 'user') {
      readUserTurn(turn);
      continue;
    }
    working = turn.toolNames.length > 0;
    if (!prompt) continue;
    answeredBefore = prompt.answered;
    prompt.toolNames.push(...turn.toolNames);
    if (!working) prompt.answered = true;
    else if (!turn.toolNames.every(isLoader)) prompt.step += 1;
  }
  return prompt;
}
