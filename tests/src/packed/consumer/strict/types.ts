// What the compiler must take, and what it must refuse: never run.
import type { AgentRuntime } from '@hhopkins/agent-server';
import type { PersistenceAdapter, RuntimeConfig } from '@hhopkins/agent-server/types';

export function subscribe(runtime: AgentRuntime): () => void {
  const unsubscribe: () => void = runtime.events.on('turn:completed', ({ seq, payload, context }) => {
    const cost: number | undefined = payload.costUSD;
    return [seq.toFixed(), context.sessionId.length, cost?.toFixed(2)];
  });
  runtime.events.on('*', ({ type, seq }) => [type.length, seq]);
  runtime.events.on('block:delta', async ({ payload }) => payload.delta.trim());
  // @ts-expect-error a completed turn has no such field
  runtime.events.on('turn:completed', ({ payload }) => payload.delta);
  // @ts-expect-error there is no such event
  runtime.events.on('turn:exploded', () => {});
  return unsubscribe;
}

export async function sessions(runtime: AgentRuntime): Promise<string> {
  const me = { principal: 'me' };
  const { sessionId, session } = await runtime.sessions.create(me, { architecture: 'claude-sdk' });
  const { turnId, durability } = await runtime.sessions.sendMessage(me, sessionId, { content: 'Hello' });
  const { conversation } = await runtime.sessions.get(sessionId);
  await runtime.stop();
  return [session.status, turnId, durability, ...conversation.blocks.map(({ type }) => type)].join();
}

/** The least, and everything. */
export const configurations = (persistence: PersistenceAdapter): RuntimeConfig[] => [
  { persistence },
  {
    persistence,
    modal: { tokenId: 'id', tokenSecret: 'secret', appName: 'app' },
    idleTimeoutMs: 1,
    syncIntervalMs: 1,
    websocketPort: 3000,
    logLevel: 'info',
    host: '127.0.0.1',
    auth: { apiKey: 'key' },
    agents: [],
  },
  // @ts-expect-error nothing else can be left out
  {},
];

// @ts-expect-error one of the nine is missing
export class WithoutDelete implements PersistenceAdapter {
  async listAllSessions() {
    return [];
  }
  async loadSession() {
    return undefined;
  }
  async createSessionRecord() {}
  async updateSessionRecord() {}
  async saveTranscript() {}
  async saveWorkspaceFile() {}
  async listAgentProfiles() {
    return [];
  }
  async loadAgentProfile() {
    return undefined;
  }
}
