import { closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runScript } from '@hhopkins/agent-testkit/sandbox';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bubblewrap } from '../src/index.ts';
import { sandboxDirectory } from './support/directory.ts';
import { createElsewhere } from './support/elsewhere.ts';
import { sandboxOf, shell } from './support/sandboxes.ts';

const directory = sandboxDirectory();
const sandboxes = join(directory, 'sandboxes');
const provider = bubblewrap({ directory: sandboxes, terminateGraceMs: 100 });

beforeAll(async () => {
  const { problems } = await provider.check();
  // Says what to install where bubblewrap is missing: these tests are never skipped.
  expect(problems).toEqual([]);
});

describe('a program in a bubblewrap sandbox', () => {
  test('has no capability, cannot gain privileges, and runs under a seccomp filter', async () => {
    const status = await shell(await sandboxOf(provider), 'cat /proc/self/status');
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`^${name}:\\s+0+$`, 'm'));
    }
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
  });

  test('is an unprivileged user, inside and on the host', async () => {
    const sandbox = await sandboxOf(provider);
    expect(await shell(sandbox, 'id -u; id -g; touch mine')).toBe('1000\n1000');
    const { uid } = statSync(join(sandboxes, sandbox.id, 'workspace', 'mine'));
    expect(uid).toBe(process.getuid?.() === 0 ? 10001 : process.getuid?.());
  });

  test('finds the system read-only', async () => {
    const sandbox = await sandboxOf(provider);
    const script =
      'for path in / /usr /etc /dev /opt /run /var; do touch $path/new && echo "wrote $path"; done; true';
    expect(await shell(sandbox, script)).not.toContain('wrote');
  });

  test('sees no file of the host but the system and its mounts', async () => {
    const secret = join(directory, 'secret');
    writeFileSync(secret, 'secret');
    const sandbox = await sandboxOf(provider);
    const script = `const { existsSync } = require('node:fs');
      process.stdout.write(JSON.stringify(process.argv.slice(1).filter((path) => existsSync(path))))`;
    const { stdout } = await runScript(sandbox, script, [
      secret,
      directory,
      '/root',
      '/etc/shadow',
      '/etc/hostname',
      '/sys',
      '/boot',
    ]);
    expect(stdout.toString()).toBe('[]');
    expect(await shell(sandbox, 'ls /home')).toBe('agent');
  });

  test('sees no process of the host', async () => {
    const sandbox = await sandboxOf(provider);
    const lines = (await shell(sandbox, 'cat /proc/[0-9]*/cmdline | tr "\\0" " "')).split('bwrap');
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join()).not.toContain('vitest');
  });

  test('cannot make namespaces of its own', async () => {
    const sandbox = await sandboxOf(provider);
    for (const flags of ['--user', '--mount', '--net', '--pid --fork', '--user --map-root-user']) {
      expect(await shell(sandbox, `unshare ${flags} true && echo made`)).not.toContain('made');
    }
    expect(await shell(sandbox, 'mount -t tmpfs none /tmp && echo mounted')).not.toContain('mounted');
  });

  // [SAFE-no-network]
  test('is told its own host name and addresses', async () => {
    const sandbox = await sandboxOf(provider);
    expect(await shell(sandbox, 'hostname; getent hosts localhost | head -n 1')).toMatch(
      /^sandbox\n\S+\s+localhost/,
    );
  });

  test('reaches the network of the host when it is open', async () => {
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const sandbox = await sandboxOf(provider, { network: 'open' });
    const { port } = server.address() as { port: number };
    const script = `require('node:net').connect(Number(process.argv[1]), '127.0.0.1').pipe(process.stdout)`;
    expect((await runScript(sandbox, script, [String(port)])).stdout.toString()).toBe('hello');
    expect(await shell(sandbox, 'ls /etc/resolv.conf')).toBe('/etc/resolv.conf');
  });

  test('does not lead putTar or getTar out of the sandbox by a link', async () => {
    const target = join(directory, 'target');
    mkdirSync(target);
    writeFileSync(join(target, 'secret'), 'secret');
    const sandbox = await sandboxOf(provider);
    const { workspace } = sandbox.layout;
    await shell(sandbox, `ln -s ${target} link; echo content > file`);
    const archive = await sandbox.getTar(workspace);
    await sandbox.putTar(`${workspace}/link`, archive).catch(() => {});
    expect(readdirSync(target)).toEqual(['secret']);
    await expect(sandbox.getTar(`${workspace}/link`)).rejects.toMatchObject({ code: 'file_not_found' });
  });

  test('cannot lead the server to a socket of the host', async () => {
    const socket = join(directory, 'host.sock');
    let reached = false;
    const server = createServer(() => {
      reached = true;
    }).listen(socket);
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const sandbox = await sandboxOf(provider);
    await shell(sandbox, `rm /run/sandbox/exec.sock; ln -s ${socket} /run/sandbox/exec.sock`);
    await expect(sandbox.exec(['true'])).rejects.toMatchObject({ code: 'sandbox_lost' });
    expect(reached).toBe(false);
  });

  test('finds no file open that the server, or what started it, has open', async () => {
    const file = join(directory, 'left-open');
    const descriptor = openSync(file, 'w');
    onTestFinished(() => closeSync(descriptor));
    const spec = { labels: {}, network: 'none' } as const;
    const inherited = Array.from({ length: 8 }, () => descriptor);
    const elsewhere = await createElsewhere('bubblewrap', sandboxes, spec, inherited);
    const sandbox = await provider.attach(elsewhere.sandboxId);
    onTestFinished(() => sandbox.terminate());
    await elsewhere.kill();
    const open = await shell(sandbox, 'ls -l /proc/[0-9]*/fd');
    expect(open).toContain('socket:');
    expect(open).not.toContain(directory);
    expect((await shell(sandbox, 'ls /proc/self/fd')).split('\n')).toEqual(['0', '1', '2', '3']);
  });
});

test('a terminated sandbox leaves no process and no folder, not even files that it may not write', async () => {
  const sandbox = await sandboxOf(provider);
  await shell(
    sandbox,
    'mkdir -p deep/er; echo x > deep/er/file; chmod 400 deep/er/file; chmod 500 deep/er deep',
  );
  await sandbox.terminate();
  expect(existsSync(join(sandboxes, sandbox.id))).toBe(false);
});

test('says what to install when bubblewrap is missing', async () => {
  const without = bubblewrap({ directory: sandboxes, program: '/nowhere/bwrap' });
  const { ok, problems } = await without.check();
  expect(ok).toBe(false);
  expect(problems.join()).toContain('apt-get install bubblewrap');
  const labels = { deployment: 'none', session: 'none', nonce: 'none' };
  await expect(without.create({ labels, network: 'none' })).rejects.toMatchObject({
    code: 'sandbox_unavailable',
    message: expect.stringContaining('apt-get install bubblewrap'),
  });
  expect(await without.list({ labels })).toEqual([]);
});

test('says why when bubblewrap is there and fails', async () => {
  const broken = join(directory, 'broken-bwrap');
  writeFileSync(
    broken,
    '#!/bin/sh\nif [ "$1" = --version ]; then echo bubblewrap 9.9; else echo "bwrap: setting up uid map: Permission denied" >&2; exit 1; fi\n',
    { mode: 0o755 },
  );
  // A user other than root must be able to run it.
  const { problems } = await bubblewrap({
    directory: sandboxes,
    program: broken,
    user: { uid: 0, gid: 0 },
  }).check();
  expect(problems.join()).toContain('setting up uid map: Permission denied');
  expect(problems.join()).toContain('apparmor_restrict_unprivileged_userns');
});
