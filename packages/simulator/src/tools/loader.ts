import type { ToolDeclaration } from '../model-request.ts';
import type { CanonicalCall } from '../scenario/step.ts';
import { fillInput } from './fill.ts';
import { type ToolCall, toolNamesFor } from './shapes.ts';

/** Claude Code declares some tools by name only; their schema comes when this tool is asked for it. */
const LOADER = 'ToolSearch';
const MAX_LOADS = 3;

/** Whether a call of this tool only fetches another tool's schema, so that it is no step of a scenario. */
export function isToolLoader(toolName: string): boolean {
  return toolName === LOADER;
}

/** The call that makes the agent offer a tool it has deferred; undefined when there is no such way, or it was tried. */
export function loadTool(
  call: CanonicalCall,
  tools: readonly ToolDeclaration[],
  calledSincePrompt: readonly string[],
): ToolCall | undefined {
  const loader = tools.find(({ name }) => name === LOADER);
  const loads = calledSincePrompt.filter(isToolLoader).length;
  if (!loader || loads >= MAX_LOADS || (loads > 0 && isToolLoader(calledSincePrompt.at(-1) ?? ''))) {
    return undefined;
  }
  const query = `select:${toolNamesFor(call).join(',')}`;
  return { name: loader.name, input: fillInput(loader.inputSchema, [[['query'], query]]) };
}
