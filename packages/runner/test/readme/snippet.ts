import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createLineDecoder, encodeLine, runnerFrameSchema } from '@hhopkins/agent-protocol';
import { runnerProgram } from '@hhopkins/agent-runner';

const { folder, entry } = runnerProgram();
const places = [
  '--state',
  '/tmp/example/state',
  '--workspace',
  '/tmp/example/work',
  '--home',
  '/tmp/example/home',
];
const runner = spawn('node', [join(folder, entry), 'connect', ...places, '--session', 'example']);

runner.stdin.write(encodeLine({ type: 'hello', minimum: 1, maximum: 1, sessionId: 'example', epoch: 1 }));
const lines = createLineDecoder('runner');
runner.stdout.on('data', (chunk: Buffer) => {
  for (const line of lines.push(chunk)) console.log(runnerFrameSchema.parse(line));
});
