import { access, constants, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SandboxLayout } from '@hhopkins/agent-core';
import { expect, onTestFinished, test } from 'vitest';
import { claudeAgent } from './claude.ts';

const layoutWith = (mounts: Record<string, string>): SandboxLayout => ({
  workspace: '/workspace',
  home: '/home/agent',
  state: '/state',
  node: '/usr/bin/node',
  mounts,
});

/** A folder with a made-up installation of the SDK, with programs for these platforms. */
async function installSdk(platforms: string[]): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'claude-agent-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const put = async (name: string, path: string, manifest: object) => {
    const place = join(folder, 'node_modules/@anthropic-ai', name);
    await mkdir(place, { recursive: true });
    await writeFile(
      join(place, 'package.json'),
      JSON.stringify({ name: `@anthropic-ai/${name}`, ...manifest }),
    );
    await writeFile(join(place, path), '');
  };
  await put('claude-agent-sdk', 'sdk.mjs', { version: '9.9.9', exports: { '.': { default: './sdk.mjs' } } });
  for (const platform of platforms) {
    await put(`claude-agent-sdk-${platform}`, platform.startsWith('win32') ? 'claude.exe' : 'claude', {});
  }
  return folder;
}

test('the installed SDK and its program for this machine are found', async () => {
  const { version, mounts, installation } = await claudeAgent().locate();
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
  const onHost = Object.fromEntries(mounts.map(({ name, source }) => [name, source]));
  const { sdk, executable } = installation(layoutWith(onHost));
  await access(sdk as string, constants.R_OK);
  await access(executable as string, constants.X_OK);
});

test('inside a sandbox both are where the sandbox mounted them', async () => {
  const { mounts, installation } = await claudeAgent().locate();
  expect(mounts.map(({ name, target }) => [name, dirname(target)])).toEqual([
    ['claude-sdk', '/opt/agents/claude'],
    ['claude-binary', '/opt/agents/claude'],
  ]);
  const layout = layoutWith({ 'claude-sdk': '/inside/sdk', 'claude-binary': '/inside/binary' });
  expect(installation(layout)).toEqual({ sdk: '/inside/sdk/sdk.mjs', executable: '/inside/binary/claude' });
});

test.each(['linux-x64', 'linux-arm64', 'linux-x64-musl', 'darwin-arm64'])(
  'the program for %s is taken',
  async (platform) => {
    const folder = await installSdk(['linux-x64', 'linux-arm64', 'linux-x64-musl', 'darwin-arm64']);
    const { version, mounts } = await claudeAgent({ resolveFrom: folder, platform }).locate();
    expect(version).toBe('9.9.9');
    expect(mounts.find(({ name }) => name === 'claude-binary')?.source).toBe(
      join(folder, `node_modules/@anthropic-ai/claude-agent-sdk-${platform}`),
    );
  },
);

test('without the SDK the error tells what to run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'claude-agent-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const agent = claudeAgent({ resolveFrom: folder });
  await expect(agent.locate()).rejects.toMatchObject({
    code: 'agent_not_installed',
    message: expect.stringContaining('npm install @anthropic-ai/claude-agent-sdk@'),
  });
});

test('without the program for the platform the error names it', async () => {
  const folder = await installSdk(['linux-x64']);
  const agent = claudeAgent({ resolveFrom: folder, platform: 'linux-arm64' });
  await expect(agent.locate()).rejects.toMatchObject({
    code: 'agent_not_installed',
    message: expect.stringContaining('linux-arm64'),
  });
});
