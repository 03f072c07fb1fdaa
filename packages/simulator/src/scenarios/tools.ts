import { ScenarioProblem } from '../scenario/options.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type CanonicalCall, call, message, text, thinking } from '../scenario/step.ts';

function shell(command: string, description = 'Run a command'): CanonicalCall {
  return { tool: 'shell', command, description };
}

export const shellScenario: Scenario = {
  name: 'shell',
  example: 'sim:shell cmd="echo hello from the shell"',
  plan: ({ options }) => [
    message([
      thinking('A command will show it.'),
      text('Let me run a command.'),
      call({
        tool: 'shell',
        command: options.text('cmd', 'echo hello from the shell'),
        description: 'Run a command',
        ...(options.flag('background') ? { background: true } : {}),
      }),
    ]),
    message([
      text(options.flag('background') ? 'The command runs in the background.' : 'Done. The command ran.'),
    ]),
  ],
};

export const writeScenario: Scenario = {
  name: 'write',
  example: 'sim:write path=hello.txt content="hello from the simulator"',
  plan({ options }) {
    const path = options.text('path', 'hello.txt');
    const content = options.text('content', 'hello from the simulator\n');
    return [
      message([text(`Let me write ${path}.`), call({ tool: 'write', path, content })]),
      message([text(`Done. I wrote ${path}.`)]),
    ];
  },
};

export const shellAndWriteScenario: Scenario = {
  name: 'shell-and-write',
  example: 'sim:shell-and-write path=hello.txt content=hello cmd="ls -la"',
  plan({ options }) {
    const path = options.text('path', 'hello.txt');
    const content = options.text('content', 'hello from the simulator\n');
    return [
      message([
        thinking('First a command, then a file.'),
        text('Step 1: a command.'),
        call(shell(options.text('cmd', 'echo hello from the shell'))),
      ]),
      message([text('Step 2: a file.'), call({ tool: 'write', path, content })]),
      message([thinking('Both worked.'), text(`All done: the command ran and ${path} is written.`)]),
    ];
  },
};

export const parallelScenario: Scenario = {
  name: 'parallel',
  example: 'sim:parallel',
  plan: () => [
    message([
      text('Two commands at once.'),
      call(shell('sleep 0.2; echo one', 'Run the first command')),
      call(shell('echo two', 'Run the second command')),
    ]),
    message([text('Both commands returned.')]),
  ],
};

/** One tick a second, so that a test can interrupt it or watch it run. */
export const longShellScenario: Scenario = {
  name: 'long-shell',
  example: 'sim:long-shell seconds=10',
  plan({ options }) {
    const seconds = Math.floor(options.number('seconds', 10, { min: 1, max: 3600 }));
    const command = `i=0; while [ $i -lt ${seconds} ]; do i=$((i+1)); echo tick $i; sleep 1; done`;
    return [
      message([
        text(`A command of ${seconds} s.`),
        call({ ...shell(command, 'Count the seconds'), timeoutSeconds: seconds + 60 } as CanonicalCall),
      ]),
      message([text('The long command finished.')]),
    ];
  },
};

export const failScenario: Scenario = {
  name: 'fail',
  example: 'sim:fail',
  plan: () => [
    message([text('This command will fail.'), call(shell('echo this goes wrong >&2; exit 3'))]),
    message([text('It failed, as expected.')]),
  ],
};

export const questionScenario: Scenario = {
  name: 'question',
  example: 'sim:question',
  plan: ({ options }) => [
    message([
      text('I have a question.'),
      call({
        tool: 'question',
        question: options.text('text', 'Which colour?'),
        header: 'Colour',
        choices: [
          { label: 'Red', description: 'A warm one' },
          { label: 'Blue', description: 'A cold one' },
        ],
      }),
    ]),
    message([text('Thank you for the answer.')]),
  ],
};

/** Calls one tool by its name, or by the end of it; every further option becomes a part of the input. */
export const mcpScenario: Scenario = {
  name: 'mcp',
  example: 'sim:mcp tool=mcp__echo__say text=hello',
  plan({ options }) {
    const name = options.optionalText('tool');
    if (!name) throw new ScenarioProblem('tool= is missing; it names the tool to call.');
    const input = {
      ...parseInput(options.optionalText('input')),
      ...options.others('tool', 'input', 'rate'),
    };
    return [
      message([text(`Let me call ${name}.`), call({ tool: 'named', name, input })]),
      message([text('The tool returned.')]),
    ];
  },
};

function parseInput(json: string | undefined): Record<string, unknown> {
  if (json === undefined) return {};
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // The problem below says what was expected.
  }
  throw new ScenarioProblem('input= must be a JSON object.');
}
