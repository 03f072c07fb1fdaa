import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { TOGETHER } from '../harness/deadline.ts';
import { ISOLATIONS } from '../harness/place.ts';
import { test } from '../harness/test.ts';

/** What the server starts in where bubblewrap would work: a place in which it does not. */
const NO_BUBBLEWRAP = ISOLATIONS.includes('bubblewrap')
  ? [
      ...['unshare', '--user', '--map-root-user'],
      ...['sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', 'sh'],
    ]
  : [];

describe('the reference server', TOGETHER, () => {
  test('says what it is, and the lines that it prints work [SERVER-banner] [SERVER-simulator-said]', async ({
    open,
  }) => {
    const place = await open({ program: 'reference' });
    const { output } = await place.start();
    const text = output();
    expect(text).toContain(`is listening on ${place.url()}`);
    expect(text).toMatch(/store +SQLite .*durability: store/);
    expect(text).toMatch(/sandbox +\S+ \(isolation: \S+\)/);
    expect(text).toMatch(/agents +claude-sdk \d+\.\d+\.\d+/);
    expect(text).toMatch(/model +the model simulator/);
    const { body: health } = await place.rest.ask('GET', '/health');
    expect(health).toMatchObject({ status: 'ok', model: 'the model simulator', durability: 'store' });

    const [create, send, follow] = text.split('\n').filter((line) => line.includes('curl '));
    const { sessionId } = JSON.parse(await shell(create ?? ''));
    const accepted = JSON.parse(await shell((send ?? '').replace('SESSION_ID', sessionId)));
    expect(accepted).toMatchObject({ sessionId, durability: 'store' });
    const { seen } = place.follow(sessionId);
    expect((await seen.untilEnded(accepted.turnId)).type).toBe('turn:completed');
    const events = await shell(`${(follow ?? '').replace('SESSION_ID', sessionId)} --max-time 1 || true`);
    expect(events).toContain('hello.txt is written');
    expect(await place.rest.file(sessionId, 'hello.txt')).toBe('hello');
  });

  test('ends everything that it started on Ctrl-C, in the middle of a turn, and says so [SAFE-interrupt-ends-all]', async ({
    open,
  }) => {
    const place = await open({ program: 'reference' });
    const { output } = await place.start();
    const { id, seen } = await place.session();
    await place.rest.send(id, 'sim:long-shell seconds=600');
    await seen.until('block:upsert', ({ payload }) => payload.block.type === 'tool_use');
    expect(place.processes().length).toBeGreaterThan(4);
    expect(await place.interrupt()).toEqual({ code: 0, signal: null });
    expect(place.processes()).toEqual([]);
    expect(output()).toContain('Everything it started has ended.');
  });

  test('says in the banner and in /health that agents are not isolated, and what helps [SERVER-isolation-said]', async ({
    open,
  }) => {
    const place = await open({ program: 'reference', wrapper: NO_BUBBLEWRAP });
    const { output } = await place.start();
    expect(output()).toContain('AGENTS ARE NOT ISOLATED');
    expect(output()).toContain('isolation: none');
    expect((await place.rest.ask('GET', '/health')).body).toMatchObject({ isolation: 'none' });
  });

  test('refuses to run agents unisolated when that is forbidden [SERVER-isolation-said]', async ({
    open,
  }) => {
    const place = await open({ program: 'reference', wrapper: NO_BUBBLEWRAP });
    const { code, output } = await place.refusal({ ALLOW_UNISOLATED: '0' });
    expect(code).toBe(1);
    expect(output.trim().split('\n')).toEqual([
      expect.stringMatching(/^agent-server: invalid_configuration: .*ALLOW_UNISOLATED=1/),
    ]);
  });

  test.runIf(ISOLATIONS.includes('bubblewrap'))(
    'isolates by itself where it can [SERVER-isolation-said]',
    async ({ open }) => {
      const place = await open({ program: 'reference' });
      const { output } = await place.start();
      expect(output()).not.toContain('NOT ISOLATED');
      expect((await place.rest.ask('GET', '/health')).body).toMatchObject({ isolation: 'namespaces' });
    },
  );

  test('says that what is acknowledged lasts as long as it does, on a store of memory [LAW-12-memory-said]', async ({
    open,
  }) => {
    const place = await open({ agent: 'scripted', environment: { DATABASE_URL: 'memory:' } });
    const { output } = await place.start();
    expect(output()).toContain('durability: memory');
    expect((await place.rest.ask('GET', '/health')).body).toMatchObject({ durability: 'memory' });
    const { id, turn } = await place.session();
    expect((await place.rest.send(id, 'say hello')).durability).toBe('memory');
    await turn('say again');
  });
});

describe('a start that cannot be', TOGETHER, () => {
  test.for([
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['SANDBOX', 'cloud'],
    ['IDLE_TIMEOUT_MS', '-1'],
    ['ANTHROPIC_BASE_URL', 'not a url'],
    ['LOG_LEVEL', 'loud'],
    ['STOP_RUNS', 'maybe'],
    ['ALLOW_UNISOLATED', 'yes'],
    ['DATABASE_URL', 'oracle:somewhere'],
  ])(
    'for %s=%s ends with one line that names it [SERVER-wrong-setting]',
    async ([name = '', value = ''], { open }) => {
      const place = await open({ program: 'reference' });
      const { code, output } = await place.refusal({ [name]: value });
      expect(code).toBe(1);
      expect(output.trim().split('\n')).toEqual([
        expect.stringMatching(/^agent-server: invalid_configuration: /),
      ]);
      expect(output).toContain(name);
    },
  );

  test('for a package that is not installed names the npm line [SERVER-package-missing]', async ({
    open,
  }) => {
    const place = await open({ program: 'reference' });
    const { code, output } = await place.refusal({ DATABASE_URL: 'convex:https://example.invalid' });
    expect(code).toBe(1);
    expect(output).toMatch(/package_not_installed: .*npm install @hhopkins\/agent-persistence-convex/);
  });

  test('for a store that another server uses ends with one line, and leaves that one alone [SERVER-store-lock] [LAW-08-one-owner]', async ({
    open,
  }) => {
    const place = await open({ agent: 'scripted' });
    const first = await place.start();
    const { code, output } = await place.refusal();
    expect(code).toBe(1);
    expect(output.trim().split('\n')).toEqual([
      expect.stringMatching(/^agent-server: store_locked: .*agent-server\.db/),
    ]);
    expect(output).toContain(String(first.pid));
    const { turn } = await place.session();
    expect((await turn('say still here')).type).toBe('turn:completed');
  });

  test('for a profile that is wrong names the file [SERVER-wrong-setting]', async ({ open }) => {
    const place = await open({ program: 'reference' });
    const profiles = join(place.dataDirectory, 'profiles');
    await mkdir(join(profiles, 'broken'), { recursive: true });
    await writeFile(join(profiles, 'broken/profile.json'), '{ not json');
    const { code, output } = await place.refusal({ PROFILES_DIR: profiles });
    expect(code).toBe(1);
    expect(output).toMatch(/invalid_configuration: .*broken\/profile\.json/);
  });
});

function shell(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('/bin/sh', ['-c', line], { timeout: 20_000 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}
