import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript, startScript } from '@hhopkins/agent-testkit/sandbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bubblewrap, type LocalSandboxOptions, plainProcesses } from '../src/index.ts';
import { markedProcesses } from '../src/init/marked-processes.ts';
import { sandboxDirectory } from './support/directory.ts';
import { eventually, sandboxOf, shell } from './support/sandboxes.ts';

const directory = sandboxDirectory();
const LABELS = { deployment: 'test', session: 'test', nonce: 'test' };

const KINDS = [
  ['plain', plainProcesses],
  ['bubblewrap', bubblewrap],
] as const;

describe.each(KINDS)('%s', (kind, factory) => {
  const make = (options: Partial<LocalSandboxOptions> = {}) =>
    factory({ directory, terminateGraceMs: 100, ...options });

  test('ends a sandbox by itself when nobody attends it', async () => {
    const sandbox = await sandboxOf(make({ orphanTtlMs: 300 }));
    await eventually(async () => (await sandbox.info()).status === 'exited');
    expect((await sandbox.info()).exit?.reason).toMatch(/terminated|exit/);
    await eventually(() => markedProcesses(sandbox.id).length === 0);
    await expect(sandbox.exec(['true'])).rejects.toMatchObject({ code: 'sandbox_lost' });
  });

  test('ends what an unattended sandbox still runs', async () => {
    const sandbox = await sandboxOf(make({ orphanTtlMs: 500 }));
    const script = `require('node:child_process').spawn(process.execPath,
      ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6)'], { detached: true, stdio: 'ignore' }).unref();`;
    await runScript(sandbox, script);
    expect(markedProcesses(sandbox.id).length).toBeGreaterThan(1);
    await eventually(() => markedProcesses(sandbox.id).length === 0, 15_000);
  });

  test('ends an unattended sandbox even when somebody removed its folder', async () => {
    const own = join(directory, `removed-${kind}`);
    const sandbox = await sandboxOf(make({ directory: own, orphanTtlMs: 500 }));
    const program = await startScript(sandbox, `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)`);
    program.detach();
    rmSync(own, { recursive: true });
    expect(markedProcesses(sandbox.id).length).toBeGreaterThan(1);
    await eventually(() => markedProcesses(sandbox.id).length === 0, 15_000);
  });

  test('keeps a sandbox while a program in it is connected', async () => {
    const sandbox = await sandboxOf(make({ orphanTtlMs: 200 }));
    // Five times as long as it may be unattended, by the clock of the program itself.
    const { stdout } = await runScript(sandbox, `setTimeout(() => process.stdout.write('still here'), 1000)`);
    expect(stdout.toString()).toBe('still here');
  });

  test('tells a sandbox whose main process was killed as exited, and lists it until it is terminated', async () => {
    const provider = make();
    const sandbox = await sandboxOf(provider, { labels: { ...LABELS, nonce: `killed-${kind}` } });
    const running = await startScript(sandbox, 'process.stdin.resume()');
    const { main } = JSON.parse(readFileSync(join(directory, sandbox.id, 'sandbox.json'), 'utf8'));
    process.kill(main.pid, 'SIGKILL');
    await eventually(async () => (await sandbox.info()).status === 'exited');
    await eventually(async () => (await sandbox.info()).exit?.reason === 'signal');
    await expect(sandbox.exec(['true'])).rejects.toMatchObject({ code: 'sandbox_lost' });
    const [listed] = await provider.list({ labels: { nonce: `killed-${kind}` } });
    expect(listed).toMatchObject({ id: sandbox.id, status: 'exited' });
    await sandbox.terminate();
    expect(['lost', 'signal', 'terminated']).toContain((await running.exit).reason);
    expect(await provider.list({ labels: { nonce: `killed-${kind}` } })).toEqual([]);
  });

  test('works in a folder whose path is longer than a socket address', async () => {
    const deep = join(directory, 'long'.repeat(30), kind);
    const sandbox = await sandboxOf(make({ directory: deep }));
    expect(await shell(sandbox, 'echo works')).toBe('works');
  });

  test('is not confused by what else lies in its folder', async () => {
    const odd = join(directory, `odd-${kind}`);
    mkdirSync(join(odd, 'sb-00000000000000000000'), { recursive: true });
    mkdirSync(join(odd, 'sb-11111111111111111111'));
    writeFileSync(join(odd, 'sb-11111111111111111111', 'sandbox.json'), '{ "version": 1, "id":');
    writeFileSync(join(odd, 'notes.txt'), 'mine');
    const provider = make({ directory: odd });
    expect(await provider.list({ labels: {} })).toEqual([]);
    await expect(provider.attach('sb-11111111111111111111')).rejects.toMatchObject({
      code: 'sandbox_not_found',
    });
  });

  test('lists nothing, and makes no folder, before there is a sandbox', async () => {
    expect(await make({ directory: join(directory, 'never') }).list({ labels: {} })).toEqual([]);
  });

  test('refuses a mount whose source does not exist, and leaves nothing', async () => {
    const provider = make({ directory: join(directory, `refused-${kind}`) });
    const mounts = [{ name: 'gone', source: '/no/such/folder', target: '/opt/gone' }];
    await expect(provider.create({ labels: LABELS, network: 'none', mounts })).rejects.toMatchObject({
      code: 'sandbox_unavailable',
      message: expect.stringContaining('/no/such/folder'),
    });
    expect(await provider.list({ labels: {} })).toEqual([]);
  });

  test('says what its main process said when it does not start, and leaves nothing', async () => {
    const node = join(directory, `no-node-${kind}`);
    writeFileSync(node, '#!/bin/sh\necho this is not node >&2\nexit 9\n', { mode: 0o755 });
    const provider = make({ directory: join(directory, `broken-${kind}`), node });
    await expect(provider.create({ labels: LABELS, network: 'none' })).rejects.toMatchObject({
      code: 'sandbox_unavailable',
      message: expect.stringContaining('this is not node'),
    });
    expect(await provider.list({ labels: {} })).toEqual([]);
  });

  test('gives an archive that is over the limit as payload_too_large', async () => {
    const sandbox = await sandboxOf(make({ maximumArchiveBytes: 100_000 }));
    await shell(sandbox, 'head -c 200000 /dev/zero > large');
    await expect(sandbox.getTar(sandbox.layout.workspace)).rejects.toMatchObject({
      code: 'payload_too_large',
    });
  });

  test('works for a server that is not root', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('this is not root itself, so the other tests show it');
    const own = join(directory, `own-${kind}`);
    mkdirSync(own, { mode: 0o755 });
    const uid = 10077;
    execFileSync('chown', [`${uid}`, own]);
    execFileSync('chmod', ['711', directory]);
    onTestFinished(() => void execFileSync('chmod', ['700', directory]));
    const script = join(import.meta.dirname, 'support', 'as-other-user.ts');
    const drop = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups'];
    const node = [process.execPath, '--conditions=@hhopkins/source', script, kind, own];
    const mayRead = spawnSync('setpriv', [...drop, process.execPath, '--check', script]).status === 0;
    if (!mayRead) return context.skip('another user cannot read this checkout');
    const said = JSON.parse(execFileSync('setpriv', [...drop, ...node], { encoding: 'utf8' }));
    expect(said).toMatchObject({ output: 'works', removed: true });
    // Without control groups, bubblewrap alone can limit processes, and what cannot be limited is refused.
    if (!said.limits.memory) expect(said.refused).toBe('capability_missing');
    expect(said.limits.processes).toBe(kind === 'bubblewrap');
    expect(said.started < 60).toBe(said.limits.processes);
  });
});
