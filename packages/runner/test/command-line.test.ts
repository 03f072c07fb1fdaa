import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildBundle } from '../scripts/bundle.ts';
import { useBundle } from './support/bundle.ts';
import { connectEngine } from './support/engine.ts';
import { useFolders } from './support/files.ts';
import { useSandboxes } from './support/sandbox.ts';

const bundle = useBundle();
const makeSandbox = useSandboxes(bundle);
const makeFolder = useFolders();

const run = (...args: string[]) =>
  spawnSync(process.execPath, [bundle(), ...args], { encoding: 'utf8', timeout: 30_000 });

describe('connect', () => {
  it('starts one runner, however many come at once, and leaves it running', async () => {
    const sandbox = makeSandbox();
    const engines = Array.from({ length: 4 }, () => sandbox.connect());
    const hellos = await Promise.all(engines.map((engine) => engine.hello()));
    expect(new Set(hellos.map((hello) => hello.journal.id)).size).toBe(1);
    const pid = sandbox.servePid();
    await Promise.all(engines.map((engine) => engine.close()));
    await sandbox.connect().hello();
    expect(sandbox.servePid()).toBe(pid);
  });

  it('works in folders whose paths are longer than a socket address', async () => {
    const sandbox = makeSandbox('deep/'.repeat(40));
    const engine = sandbox.connect();
    await engine.hello();
    await engine.setup();
    await engine.turn('say hello');
  });

  it('takes relative paths', async () => {
    const sandbox = makeSandbox();
    const relativeTo = (path: string) => relative(sandbox.home, path) || '.';
    const flags = ['--state', '--workspace', '--home'].flatMap((flag) => [
      flag,
      relativeTo(sandbox[flag.slice(2) as 'state' | 'workspace' | 'home']),
    ]);
    const engine = connectEngine(
      process.execPath,
      [bundle(), 'connect', ...flags, '--session', 'session-1'],
      sandbox.home,
    );
    await engine.hello();
    await engine.setup();
    await engine.turn('file a.txt hello', 'a');
    await engine.close();
    await expect.poll(() => readFileSync(join(sandbox.workspace, 'a.txt'), 'utf8')).toBe('hello');
  });

  it('needs only the state folder when a runner runs', async () => {
    const sandbox = makeSandbox();
    await sandbox.connect().hello();
    const engine = connectEngine(process.execPath, [bundle(), 'connect', '--state', sandbox.state]);
    await engine.hello();
    await engine.close();
  });

  it('ends when the runner does', async () => {
    const sandbox = makeSandbox();
    const engine = sandbox.connect();
    await engine.hello();
    await sandbox.end('SIGKILL');
    expect(await engine.ended).toBe(0);
  });

  it('tells in one line what prevents it, with an exit code', () => {
    const missing = run('connect', '--state', join(makeFolder(), 'state'));
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^agent-runner: connection_lost: no runner serves .*--workspace.*\n$/);
    const folder = makeFolder();
    writeFileSync(join(folder, 'file'), '');
    const blocked = run(
      ...['connect', '--state', join(folder, 'state'), '--workspace', join(folder, 'file', 'w')],
      ...['--home', join(folder, 'home'), '--session', 's'],
    );
    expect(blocked.status).toBe(1);
    expect(blocked.stderr).toMatch(/^agent-runner: connection_lost: the runner could not be started.*\n$/);
    expect(readFileSync(join(folder, 'state', 'runner.log'), 'utf8')).toMatch(/ENOTDIR/);
  });

  it('keeps what it makes to its user', async () => {
    const sandbox = makeSandbox();
    const engine = sandbox.connect();
    await engine.hello();
    await engine.setup({ environment: { TOKEN: 'secret' } });
    const modeOf = (name: string) => statSync(join(sandbox.state, name)).mode & 0o077;
    for (const name of [
      '.',
      'setup.json',
      'inbox.jsonl',
      'runner.sock',
      'runner.log',
      'journal',
      'epoch.json',
    ]) {
      expect([name, modeOf(name)]).toEqual([name, 0]);
    }
  });

  it('cuts off who connects to the socket and says nothing sensible', async () => {
    const sandbox = makeSandbox();
    await sandbox.connect().hello();
    const cwd = process.cwd();
    process.chdir(sandbox.state);
    const socket = connectSocket('runner.sock');
    process.chdir(cwd);
    socket.end('x'.repeat(100_000));
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer === '' || answer.includes('protocol_error')).toBe(true);
    await sandbox.connect().hello();
  });
});

describe('the command line', () => {
  it.each([
    [['fly'], /serve.*connect/],
    [[], /serve.*connect/],
    [['connect'], /--state/],
    [['serve', '--state', '/nowhere'], /--workspace/],
    [['connect', '--state', '/nowhere', '--colour', 'red'], /--colour/],
    [
      [
        'serve',
        '--state',
        's',
        '--workspace',
        'w',
        '--home',
        'h',
        '--session',
        'x',
        '--journal-bytes',
        'many',
      ],
      /--journal-bytes must be a whole number/,
    ],
  ])('refuses %j in one line', (args, message) => {
    const result = run(...args);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(message);
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('tells its version and its usage', () => {
    expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+/);
    expect(run('--help').stdout).toContain('agent-runner connect');
  });
});

describe('the bundle', () => {
  it('is one file that needs no other', async () => {
    const folder = makeFolder();
    const alone = join(folder, 'elsewhere', 'runner.mjs');
    mkdirSync(join(folder, 'elsewhere'));
    const inputs = await buildBundle(alone);
    chmodSync(alone, 0o444);
    const result = spawnSync(process.execPath, [alone, '--version'], { encoding: 'utf8', cwd: folder });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    const imported = [...readFileSync(alone, 'utf8').matchAll(/^import .* from "([^"]+)";$/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(imported.length).toBeGreaterThan(5);
    expect(imported.filter((name) => !name.startsWith('node:'))).toEqual([]);
    expect(inputs.filter((input) => input.includes('claude-agent-sdk'))).toEqual([]);
  });
});
