import { createRequire } from 'node:module';

/** Where the workspace's own Claude Agent SDK is, and its program for this machine (glibc). */
export function installedClaude(): { sdk: string; executable: string } {
  const sdk = createRequire(import.meta.url).resolve('@anthropic-ai/claude-agent-sdk');
  const binary = `@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}/claude`;
  return { sdk, executable: createRequire(sdk).resolve(binary) };
}
