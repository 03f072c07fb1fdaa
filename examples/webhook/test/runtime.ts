import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryPersistence } from '@hhopkins/agent-persistence-memory';
import { AgentRuntime, plainProcesses } from '@hhopkins/agent-server';
import type { AgentDefinition, ModelGateway } from '@hhopkins/agent-server/types';
import { onTestFinished } from 'vitest';

const ME = { principal: 'me' };

/** The runner's test double: an agent without a model that does what the lines of a message say. */
const scripted: AgentDefinition = {
  architecture: 'scripted',
  name: 'Scripted',
  locate: async () => ({ version: '1', mounts: [], installation: () => ({}) }),
};
const noModel: ModelGateway = {
  description: 'none: the scripted agent needs no model',
  grant: async () => ({ mounts: [], environment: {} }),
};

/** A runtime with real sandboxes and a real runner, ended with the test. */
export async function startRuntime(): Promise<AgentRuntime> {
  const directory = await mkdtemp(join(tmpdir(), 'webhook-'));
  const runtime = new AgentRuntime({
    persistence: memoryPersistence(),
    agents: [scripted],
    models: noModel,
    sandbox: plainProcesses({ directory: join(directory, 'sandboxes'), orphanTtlMs: 60_000 }),
    dataDirectory: directory,
    websocketPort: 0,
    logLevel: 'silent',
  });
  onTestFinished(async () => {
    await runtime.stop({ runs: 'end' });
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  await runtime.start();
  return runtime;
}

export async function newSession(runtime: AgentRuntime) {
  const { sessionId } = await runtime.sessions.create(ME, { architecture: 'scripted' });
  return {
    sessionId,
    /** @returns the id of the message's turn */
    async send(content: string): Promise<string> {
      return (await runtime.sessions.sendMessage(ME, sessionId, { content })).turnId;
    },
  };
}
