import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from '@hhopkins/agent-core';
import { bubblewrap, plainProcesses } from '../../src/index.ts';

/* Makes, uses and terminates a sandbox as the user that runs this, and prints what came of it as JSON. */
const [kind, directory = ''] = process.argv.slice(2);
const provider = (kind === 'plain' ? plainProcesses : bubblewrap)({ directory, terminateGraceMs: 100 });
const { limits } = (await provider.check()).capabilities;
const sandbox = await provider.create({
  labels: {},
  network: 'none',
  limits: limits.processes ? { processes: 60 } : {},
});
const archive = await sandbox.getTar(sandbox.layout.home);
await sandbox.putTar(`${sandbox.layout.workspace}/below`, archive);
const output = await outputOf(sandbox, [
  'sh',
  '-c',
  'mkdir locked; touch locked/file; chmod 500 locked; echo works',
]);
const spawning = `const { spawn } = require('node:child_process');
  const children = Array.from({ length: 120 }, () => spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] }).on('error', () => {}));
  process.stdout.write(String(children.filter(({ pid }) => pid).length), () => process.exit(0));`;
const started = Number(await outputOf(sandbox, [sandbox.layout.node, '-e', spawning]));
const refused = await provider
  .create({ labels: {}, network: 'none', limits: { memoryMiB: 512 } })
  .then((unexpected) => unexpected.terminate())
  .catch((error) => error.code);
await sandbox.terminate();
const removed = !existsSync(join(directory, sandbox.id));
process.stdout.write(JSON.stringify({ output, removed, limits, started, refused }));

async function outputOf(sandbox: Sandbox, argv: [string, ...string[]]): Promise<string> {
  const program = await sandbox.exec(argv);
  await program.stdin.close();
  let text = '';
  for await (const chunk of program.stdout) text += Buffer.from(chunk).toString();
  return text.trim();
}
