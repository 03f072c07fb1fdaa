import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options } from '@anthropic-ai/claude-agent-sdk';
import type { RecordedAgent, Said } from './agent.ts';

/** What a case may use. */
export interface Stage {
  workspace: string;
  /** A `sim:` line that plays these steps. */
  script(name: string, steps: object[]): Promise<string>;
  /** Starts the agent, with the same session when it ran before. */
  start(options?: Partial<Options>): RecordedAgent;
}

export type RecordingCase = (stage: Stage) => Promise<void>;

const call = (call: object) => ({ type: 'call', call });
const text = (content: string) => ({ type: 'text', text: content });
const thinking = (content: string) => ({ type: 'thinking', text: content });
const message = (...parts: object[]) => ({ type: 'message', parts });
const shell = (command: string) => call({ tool: 'shell', command });
const subagent = (prompt: string, more: object = {}) => call({ tool: 'subagent', prompt, ...more });
const LONG = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo tick $i; sleep 1; done';

const turn =
  (content: string, options: Partial<Options> = {}): RecordingCase =>
  async ({ start }) => {
    const agent = start(options);
    agent.send(content);
    await agent.rest();
    await agent.close();
  };

const scripted =
  (...steps: object[]): RecordingCase =>
  async (stage) =>
    turn(await stage.script('steps', steps))(stage);

const isDelta = (type: string) => (said: Said) =>
  said.type === 'stream_event' && (said.event as { delta?: { type?: string } }).delta?.type === type;

const callsTool = (inSubagent: boolean) => (said: Said) =>
  said.type === 'assistant' &&
  Boolean(said.parent_tool_use_id) === inSubagent &&
  (said.message as { content: { type: string }[] }).content[0]?.type === 'tool_use';

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Interrupts a little after something was said, then goes on with another turn. */
const interrupted =
  (content: (stage: Stage) => Promise<string>, when: (said: Said) => boolean): RecordingCase =>
  async (stage) => {
    const agent = stage.start();
    const moment = agent.until(when);
    agent.send(await content(stage));
    await moment;
    await pause(700);
    const rested = agent.rest();
    await agent.interrupt();
    await rested;
    const done = agent.rest();
    agent.send('sim:text content="Here again."');
    await done;
    await agent.close();
  };

/** Ends the agent in the midst of its work, then resumes the session. */
const killed =
  (content: (stage: Stage) => Promise<string>, when: (said: Said) => boolean, delay: number): RecordingCase =>
  async (stage) => {
    const agent = stage.start();
    const moment = agent.until(when);
    agent.send(await content(stage));
    await moment;
    await pause(delay);
    await agent.kill();
    await turn('sim:text content="Here again."')(stage);
  };

const longShell = async () => 'sim:long-shell seconds=20';
const slowText = async () => 'sim:slow tokens=200 rate=10';
const withSubagent =
  (prompt: string, more: object = {}) =>
  (stage: Stage) =>
    stage.script('delegate', [
      message(text('I delegate this.'), subagent(prompt, more)),
      message(text('All done.')),
    ]);

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Every case that the converter is proven on. The simulator plays the model; the agent is the real one. */
export const CASES: Record<string, RecordingCase> = {
  'text-and-thinking': turn('sim:thinking'),
  'shell-and-write': turn('sim:shell-and-write path=hello.txt content=hello cmd="echo from the shell"'),
  'parallel-tools': turn('sim:parallel'),
  'tools-while-streaming': scripted(
    {
      ...message(text('First.'), shell('echo quick'), text('and words '.repeat(12)), shell('echo second')),
      rate: 15,
    },
    message(text('Both ran.')),
  ),
  'blank-blocks': scripted(
    message(thinking('Hm.'), text('   '), shell('echo one'), text('\n'), text('Between.'), shell('echo two')),
    message(text('Both ran.')),
  ),
  'failing-command': turn('sim:fail'),
  'subagent-foreground': turn('sim:subagent cmd="echo from the subagent"'),
  'subagent-background': turn('sim:subagent background=true cmd="echo from the subagent"'),
  'subagents-parallel': scripted(
    message(
      text('Two at once.'),
      subagent('sim:shell cmd="echo one"'),
      subagent('sim:shell cmd="echo two"', { agentType: 'Explore' }),
    ),
    message(text('Both are back.')),
  ),
  'subagents-nested': scripted(
    message(text('Down we go.'), subagent('sim:subagent cmd="echo from the depth"')),
    message(text('Up again.')),
  ),
  'subagent-refused': scripted(
    message(text('Nobody is there.'), subagent('sim:text', { agentType: 'nobody' })),
    message(text('So be it.')),
  ),
  'subagent-model-error': turn('sim:subagent prompt="sim:error status=400"'),
  'subagent-taken-up-again': async (stage) => {
    const agent = stage.start();
    let rested = agent.rest();
    const started = agent.until((said) => said.subtype === 'task_started');
    agent.send('sim:subagent cmd="echo first"');
    const { task_id: to } = await started;
    await rested;
    rested = agent.rest();
    const input = { to, summary: 'once more', message: 'sim:shell cmd="echo again"' };
    const again = message(text('Once more.'), call({ tool: 'named', name: 'SendMessage', input }));
    agent.send(await stage.script('again', [again, message(text('It is at it.'))]));
    await rested;
    await agent.close();
  },
  'interrupt-in-text': interrupted(slowText, isDelta('text_delta')),
  'interrupt-in-thinking': interrupted(
    (stage) =>
      stage.script('think', [
        { ...message(thinking('on and on '.repeat(60)), text('Never said.')), rate: 15 },
      ]),
    isDelta('thinking_delta'),
  ),
  'interrupt-in-tool-input': interrupted(
    (stage) =>
      stage.script('input', [
        { ...message(text('A long call.'), shell(`echo ${'word '.repeat(200)}`)), rate: 20 },
      ]),
    isDelta('input_json_delta'),
  ),
  'interrupt-in-tool': interrupted(longShell, callsTool(false)),
  'interrupt-in-subagent-tool': interrupted(withSubagent('sim:long-shell seconds=20'), callsTool(true)),
  'interrupt-in-subagent-text': interrupted(
    withSubagent('sim:slow tokens=200 rate=10'),
    (said) => said.type === 'user' && Boolean(said.parent_tool_use_id),
  ),
  'interrupt-in-background-subagent': interrupted(
    withSubagent('sim:long-shell seconds=20', { background: true }),
    callsTool(true),
  ),
  'killed-in-text': killed(slowText, isDelta('text_delta'), 700),
  'killed-in-tool': killed(longShell, callsTool(false), 1000),
  'killed-in-parallel-tools': killed(
    (stage) =>
      stage.script('two', [message(text('Two.'), shell(LONG), shell(`${LONG} # two`)), message(text('No.'))]),
    callsTool(false),
    1500,
  ),
  'killed-in-subagent': killed(withSubagent('sim:long-shell seconds=20'), callsTool(true), 1000),
  'killed-before-the-transcript': killed(longShell, callsTool(false), 0),
  'resumed-second-turn': async (stage) => {
    await turn('sim:shell cmd="echo first"')(stage);
    await turn('sim:shell cmd="echo second"')(stage);
  },
  steered: async ({ start }) => {
    const agent = start();
    const rested = agent.rest();
    const called = agent.until(callsTool(false));
    agent.send('sim:long-shell seconds=2');
    await called;
    await pause(300);
    agent.steer('Mind the gap.');
    await rested;
    await agent.close();
  },
  'same-message-twice': async ({ start }) => {
    const agent = start();
    let rested = agent.rest();
    const messageId = agent.send('sim:text');
    await rested;
    rested = agent.rest();
    agent.send('sim:text', messageId);
    await rested;
    await agent.close();
  },
  'background-shell': async (stage) => {
    const agent = stage.start();
    const steps = [
      message(
        text('In the background.'),
        call({
          tool: 'named',
          name: 'Bash',
          input: { command: 'sleep 2; echo done', run_in_background: true },
        }),
      ),
      message(text('It runs.')),
    ];
    let rested = agent.rest();
    agent.send(await stage.script('background', steps));
    await rested;
    rested = agent.rest();
    await rested;
    await agent.close();
  },
  question: turn('sim:question', {
    canUseTool: async (_name, input) => {
      const [asked] = input.questions as { question: string; options: { label: string }[] }[];
      const answers = asked ? { [asked.question]: asked.options[0]?.label } : {};
      return { behavior: 'allow', updatedInput: { ...input, answers } };
    },
  }),
  'permission-denied': turn('sim:shell-and-write path=hello.txt content=hello cmd="touch a"', {
    permissionMode: 'default',
    canUseTool: async (name, input) =>
      name === 'Write'
        ? { behavior: 'deny', message: 'Not this file.' }
        : { behavior: 'allow', updatedInput: input },
  }),
  'model-error': turn('sim:error status=400'),
  'overloaded-and-retried': turn('sim:error status=529 times=1'),
  'stream-broken-at-once': turn('sim:error after=6 times=1 cut=true'),
  'stream-broken-after-a-block': scripted({
    ...message(thinking('This much is whole.'), text('And this breaks off in the middle of it')),
    breakage: { kind: 'cut' },
  }),
  'mcp-tool': turn('sim:mcp tool=mcp__echo__say text=hello', {
    mcpServers: {
      echo: {
        command: process.execPath,
        args: [fileURLToPath(new URL('./echo-server.mjs', import.meta.url))],
      },
    },
  }),
  'command-and-skill': async (stage) => {
    await cp(fileURLToPath(new URL('./workspace', import.meta.url)), stage.workspace, { recursive: true });
    const agent = stage.start();
    let rested = agent.rest();
    agent.send('/look around here');
    await rested;
    rested = agent.rest();
    const skill = call({ tool: 'named', name: 'Skill', input: { skill: 'greet' } });
    agent.send(await stage.script('skill', [message(text('I greet.'), skill), message(text('Hello.'))]));
    await rested;
    await agent.close();
  },
  'built-in-commands': async ({ start }) => {
    const agent = start();
    for (const content of ['sim:text', '/context', '/compact', 'sim:text content="After it."']) {
      const rested = agent.rest();
      agent.send(content);
      await rested;
    }
    await agent.close();
  },
  cleared: async ({ start }) => {
    const agent = start();
    for (const content of ['sim:text content="Before."', '/clear', 'sim:text content="After."']) {
      const rested = agent.rest();
      agent.send(content);
      await rested;
    }
    await agent.close();
  },
  'steered-before-the-start': async ({ start }) => {
    const agent = start();
    const rested = agent.rest();
    agent.send('sim:text');
    agent.steer('In capitals.\nIn two lines.');
    agent.steer('And shorter.');
    await rested;
    await agent.close();
  },
  'steered-while-answering': async ({ start }) => {
    const agent = start();
    const rested = agent.rest();
    const answers = agent.until(isDelta('text_delta'));
    agent.send('sim:slow tokens=20 rate=20');
    await answers;
    agent.steer('In capitals.');
    agent.steer([
      { type: 'text', text: 'Like this.' },
      { type: 'image', source: { type: 'base64', data: PIXEL, mediaType: 'image/png' } },
    ]);
    agent.steer('And shorter.');
    await rested;
    await agent.close();
  },
  image: async ({ start }) => {
    const agent = start();
    const rested = agent.rest();
    agent.send([
      { type: 'text', text: 'sim:text' },
      { type: 'image', source: { type: 'base64', data: PIXEL, mediaType: 'image/png' } },
    ]);
    await rested;
    await agent.close();
  },
};

export async function writeScript(folder: string, name: string, steps: object[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify({ steps }));
  return `sim:script file=${file}`;
}
