import { formatScenarioLine } from '../scenario/line.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { call, message, text, thinking } from '../scenario/step.ts';

/** Delegates to a subagent, whose prompt carries a `sim:` line of its own: by default it runs a command. */
export const subagentScenario: Scenario = {
  name: 'subagent',
  example: 'sim:subagent background=true cmd="echo hello from the subagent"',
  plan({ options }) {
    const background = options.flag('background');
    const command = options.text('cmd', 'echo hello from the subagent');
    const prompt = options.text('prompt', formatScenarioLine('shell', { cmd: command }));
    const agentType = options.optionalText('type');
    return [
      message([
        thinking('This is work for a subagent.'),
        text('Let me delegate this.'),
        call({ tool: 'subagent', prompt, description: 'Simulated task', agentType, background }),
      ]),
      message([
        text(background ? 'The subagent works in the background.' : 'The subagent finished its task.'),
      ]),
    ];
  },
};
