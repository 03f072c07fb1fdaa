import type { Scenario } from '../scenario/scenario.ts';
import { message, text, thinking } from '../scenario/step.ts';

const HELLO = 'Hello! This is the **model simulator** speaking, one small piece at a time.';

export const textScenario: Scenario = {
  name: 'text',
  example: 'sim:text',
  plan: ({ options }) => [message([text(options.text('content', HELLO))])],
};

export const thinkingScenario: Scenario = {
  name: 'thinking',
  example: 'sim:thinking',
  plan: ({ options }) => [
    message([
      thinking(options.text('thought', 'The user greets me. A short and friendly answer will do.')),
      text(options.text('content', HELLO)),
    ]),
  ],
};

/** As many tokens as asked for, at the pace asked for. */
export const slowScenario: Scenario = {
  name: 'slow',
  example: 'sim:slow tokens=40 rate=20',
  plan({ options }) {
    const tokens = options.number('tokens', 40, { min: 1, max: 100_000 });
    const words = Array.from({ length: Math.floor(tokens) }, (_, index) => `word${index + 1}`);
    return [message([text(words.join(' '))], options.number('rate', 20, { min: 0.1, max: 10_000 }))];
  },
};

/** Proves what the agent still knows of the conversation: it repeats what the user wrote before. */
export const recallScenario: Scenario = {
  name: 'recall',
  example: 'sim:recall',
  plan({ prompt }) {
    const lines = prompt.earlier.map((earlier, index) => `${index + 1}. ${earlier}`);
    const answer =
      lines.length === 0
        ? 'You have not told me anything before this.'
        : `Before this you told me:\n${lines.join('\n')}`;
    return [message([text(answer)])];
  },
};
