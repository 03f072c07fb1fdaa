import { bubblewrap, plainProcesses } from '../../src/index.ts';

/* Creates the sandbox that its argument describes, prints the id, and stays until it is killed. */
const { kind, directory, spec } = JSON.parse(process.argv[2] ?? '{}');
const provider = kind === 'plain' ? plainProcesses({ directory }) : bubblewrap({ directory });
const sandbox = await provider.create(spec);
process.stdout.write(`${sandbox.id}\n`);
process.stdin.resume();
