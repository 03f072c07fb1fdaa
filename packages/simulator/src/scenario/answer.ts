import type { ModelRequest } from '../model-request.ts';
import { findScenario, scenarios } from '../scenarios/catalogue.ts';
import { smallestValue } from '../tools/fill.ts';
import { isToolLoader, loadTool } from '../tools/loader.ts';
import { shapeCall, type ToolCall } from '../tools/shapes.ts';
import { readOptions, ScenarioProblem } from './options.ts';
import { findPrompt, type Prompt } from './prompt.ts';
import { type CanonicalCall, type ErrorStep, type MessageStep, message, type Step, text } from './step.ts';

export type AnswerPart =
  | { type: 'thinking'; text: string }
  | { type: 'text'; text: string }
  | ({ type: 'call' } & ToolCall);

/** An assistant message in the agent's own tools, ready to be rendered in any wire API. */
export interface MessageAnswer {
  type: 'message';
  parts: AnswerPart[];
  rate: number | undefined;
  breakage: MessageStep['breakage'];
}

export type Answer = MessageAnswer | ErrorStep;

export interface AnswerContext {
  failures: number;
  readScript(path: string): Promise<Step[]>;
}

export interface Decision {
  answer: Answer;
  /** Name of the scenario that chose the answer, and the number of its step. */
  scenario?: string;
  step?: number;
}

/** Decides what the model says to a request. It depends on nothing but its arguments. */
export async function answerRequest(request: ModelRequest, context: AnswerContext): Promise<Decision> {
  if (request.chore) return { answer: render(message([text(choreText(request))]), request, undefined) };
  const prompt = findPrompt(request, isToolLoader);
  const step = await chooseStep(prompt, context);
  const answer = step.type === 'error' ? step : render(step, request, prompt);
  return { answer, scenario: prompt?.line?.scenario, step: prompt?.step };
}

const NOTED = 'Noted: what I waited for has come back.';

async function chooseStep(prompt: Prompt | undefined, context: AnswerContext): Promise<Step> {
  if (!prompt?.line) return message([text(introduction())]);
  const { scenario: name, options } = prompt.line;
  try {
    const scenario = findScenario(name);
    if (!scenario) throw new ScenarioProblem(`There is no scenario "${name}".`);
    const reader = readOptions(options);
    const rate = 'rate' in options ? reader.number('rate', 20, { min: 0.1, max: 10_000 }) : undefined;
    if (prompt.answered) return message([text(reader.text('later', NOTED))], rate);
    const steps = await scenario.plan({ options: reader, prompt, ...context });
    const step = steps[prompt.step] ?? message([text('That was the last step of this scenario.')]);
    return step.type === 'message' && step.rate === undefined ? { ...step, rate } : step;
  } catch (error) {
    if (error instanceof ScenarioProblem) return message([text(`${error.message} ${known()}`)]);
    throw error;
  }
}

function introduction(): string {
  const examples = ['text', 'shell', 'write'].map((name) => findScenario(name)?.example).join('\n');
  return (
    'Hello, I am the model simulator: no real model is behind this answer. ' +
    `Send a line like one of these to see an agent at work:\n\n\`\`\`\n${examples}\n\`\`\`\n\n${known()}`
  );
}

function known(): string {
  return `The scenarios are ${scenarios.map(({ name }) => name).join(', ')}.`;
}

function choreText(request: ModelRequest): string {
  return request.outputSchema ? JSON.stringify(smallestValue(request.outputSchema)) : 'Simulated session';
}

function render(step: MessageStep, request: ModelRequest, prompt: Prompt | undefined): MessageAnswer {
  const spoken = (parts: AnswerPart[]): MessageAnswer => ({
    type: 'message',
    parts: request.thinking ? parts : parts.filter(({ type }) => type !== 'thinking'),
    rate: step.rate,
    breakage: step.breakage,
  });
  const parts: AnswerPart[] = [];
  for (const part of step.parts) {
    if (part.type !== 'call') {
      parts.push(part);
      continue;
    }
    const shaped = shapeCall(part.call, request.tools);
    if (shaped) {
      parts.push({ type: 'call', ...shaped });
      continue;
    }
    const loading = loadTool(part.call, request.tools, prompt?.toolNames ?? []);
    if (loading) return spoken([{ type: 'call', ...loading }]);
    parts.push({ type: 'text', text: missingTool(part.call) });
  }
  return spoken(parts);
}

function missingTool(call: CanonicalCall): string {
  const wanted = call.tool === 'named' ? `named ${call.name}` : `for ${call.tool}`;
  return `You offer me no tool ${wanted}, so I cannot do this.`;
}
