import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { AgentDefinition, LocatedAgent } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { hostPlatform } from './host-platform.ts';

const PACKAGE = '@anthropic-ai/claude-agent-sdk';
/** The version that the driver and its converters were proven with. */
const VERSION = '0.3.330';

/** Names of the mounts, by which `layout.mounts` tells where they are. */
const SDK_MOUNT = 'claude-sdk';
const BINARY_MOUNT = 'claude-binary';

export interface ClaudeAgentOptions {
  /**
   * A folder, or a file in it, from which the Claude Agent SDK is resolved; it is then looked for nowhere else.
   * By default from the working directory, then from this package.
   */
  resolveFrom?: string | undefined;
  /** Of the sandboxes, as Claude's binary packages name it, e.g. `linux-x64-musl`. The host's by default. */
  platform?: string | undefined;
}

/**
 * Claude, through the Claude Agent SDK that the user installed. It is no dependency of this package: its licence does
 * not let others ship it.
 *
 * @example
 * createAgentRuntime({ agents: [claudeAgent()] });
 */
export function claudeAgent(options: ClaudeAgentOptions = {}): AgentDefinition {
  return {
    architecture: 'claude-sdk',
    name: 'Claude',

    async locate(): Promise<LocatedAgent> {
      const sdk = findSdk(options.resolveFrom);
      const platform = options.platform ?? hostPlatform();
      const executable = findExecutable(sdk, platform);
      return {
        version: await versionOf(sdk),
        mounts: [
          { name: SDK_MOUNT, source: dirname(sdk), target: '/opt/agents/claude/sdk' },
          { name: BINARY_MOUNT, source: dirname(executable), target: '/opt/agents/claude/binary' },
        ],
        installation: ({ mounts }) => ({
          sdk: join(mounts[SDK_MOUNT] ?? dirname(sdk), 'sdk.mjs'),
          executable: join(mounts[BINARY_MOUNT] ?? dirname(executable), programName(platform)),
        }),
      };
    },
  };
}

/** @returns path of the SDK's `sdk.mjs`, links resolved */
function findSdk(resolveFrom: string | undefined): string {
  const bases =
    resolveFrom === undefined ? [join(process.cwd(), 'package.json'), import.meta.url] : [resolveFrom];
  for (const base of bases) {
    const path = resolve(base, PACKAGE) ?? resolve(join(base, 'package.json'), PACKAGE);
    if (path !== undefined) return path;
  }
  const where = resolveFrom === undefined ? '' : ` at ${resolveFrom}`;
  throw new AgentServerError(
    'agent_not_installed',
    `The Claude Agent SDK is not installed${where}. Run: npm install ${PACKAGE}@${VERSION}`,
  );
}

/** The program is in a package of its own for each platform, an optional dependency of the SDK. */
function findExecutable(sdk: string, platform: string): string {
  const path = resolve(sdk, `${PACKAGE}-${platform}/${programName(platform)}`);
  if (path !== undefined) return path;
  throw new AgentServerError(
    'agent_not_installed',
    `The Claude Agent SDK at ${dirname(sdk)} lacks its program for ${platform}. ` +
      `Run: npm install --include=optional ${PACKAGE}@${VERSION}`,
  );
}

const programName = (platform: string): string => (platform.startsWith('win32') ? 'claude.exe' : 'claude');

function resolve(base: string, specifier: string): string | undefined {
  try {
    return createRequire(base).resolve(specifier);
  } catch {
    return undefined;
  }
}

async function versionOf(sdk: string): Promise<string> {
  const manifest: { version?: string } = JSON.parse(
    await readFile(join(dirname(sdk), 'package.json'), 'utf8'),
  );
  return manifest.version ?? 'unknown';
}
