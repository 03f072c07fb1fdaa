import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PersistenceAdapter } from '@hhopkins/agent-core';
import { memoryPersistence } from '@hhopkins/agent-persistence-memory';
import type { SessionEvent, WorkspaceFile } from '@hhopkins/agent-protocol';
import { AgentRuntime, plainProcesses, type RuntimeConfig } from '@hhopkins/agent-server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { textOf } from '../harness/blocks.ts';
import { endAll, untilNobodyLeft } from '../harness/census.ts';
import { eventually, TEST_MS } from '../harness/deadline.ts';
import { restClient } from '../harness/rest-client.ts';
import { noModels, scriptedAgent } from '../harness/scripted-agent.ts';

const caller = { principal: 'a-user' };

/** A runtime of the scripted agent in this process, ended with the test. */
async function startRuntime(config: Partial<RuntimeConfig> = {}): Promise<AgentRuntime> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'library-'));
  const runtime = new AgentRuntime({
    persistence: memoryPersistence(),
    agents: [scriptedAgent],
    models: noModels,
    sandbox: plainProcesses({ directory: join(dataDirectory, 'sandboxes') }),
    dataDirectory,
    websocketPort: 0,
    logLevel: 'silent',
    ...config,
  });
  onTestFinished(async () => {
    try {
      await runtime.stop({ runs: 'end' });
      await untilNobodyLeft(dataDirectory);
    } finally {
      endAll(dataDirectory);
      await rm(dataDirectory, { recursive: true, force: true });
    }
  });
  await runtime.start();
  return runtime;
}

async function runTurn(runtime: AgentRuntime, content: string): Promise<string> {
  const ended = new Promise<SessionEvent>((resolve) => runtime.events.on('turn:completed', resolve));
  const { sessionId } = await runtime.sessions.create(caller, { architecture: 'scripted' });
  await runtime.sessions.sendMessage(caller, sessionId, { content });
  await ended;
  return sessionId;
}

describe('the event bus of a runtime', { timeout: TEST_MS }, () => {
  test('gives handlers the events of their type, or all with "*", each of them committed [LIB-event-bus] [LAW-02-durable-before-visible]', async () => {
    const persistence = memoryPersistence();
    const runtime = await startRuntime({ persistence });
    const completed: SessionEvent[] = [];
    const all: SessionEvent[] = [];
    const unknownToLog: SessionEvent[] = [];
    runtime.events.on('turn:completed', (event) => void completed.push(event));
    runtime.events.on('*', async (event) => {
      all.push(event);
      const info = await persistence.eventLog?.stream(event.context.sessionId);
      if ((info?.head ?? 0) < event.seq) unknownToLog.push(event);
    });
    const sessionId = await runTurn(runtime, 'text 20\nsay hello');
    expect(completed).toHaveLength(1);
    const { events } = await runtime.sessions.readEvents(sessionId, { after: 0, limit: 1000 });
    await eventually('all events', () => all.length >= events.length);
    expect(all.slice(0, events.length)).toEqual(events);
    expect(unknownToLog).toEqual([]);
  });

  test('is harmed by no handler that throws, hangs or has gone [LIB-event-bus-harmless]', async () => {
    const runtime = await startRuntime();
    const seen: string[] = [];
    runtime.events.on('*', () => {
      throw new Error('a handler of the user');
    });
    runtime.events.on('*', () => Promise.reject(new Error('another one')));
    runtime.events.on('*', () => new Promise(() => {}));
    const leave = runtime.events.on('*', ({ type }) => void seen.push(type));
    const first = await runTurn(runtime, 'say hello');
    leave();
    const before = seen.length;
    expect(before).toBeGreaterThan(0);
    await runTurn(runtime, 'say again');
    expect(seen.length).toBe(before);
    expect(textOf((await runtime.sessions.get(first)).conversation.blocks)).toBe('hello');
  });
});

/** What a user brings: rows of tables of his own, and nothing else. */
class OwnTables implements PersistenceAdapter {
  readonly rows = new Map<string, { sessionId: string }>();
  readonly transcripts = new Map<string, string>();
  readonly files = new Map<string, Map<string, WorkspaceFile>>();

  async listAllSessions() {
    return [...this.rows.values()];
  }
  async loadSession(sessionId: string) {
    const row = this.rows.get(sessionId);
    const workspaceFiles = [...(this.files.get(sessionId)?.values() ?? [])];
    return row && { ...row, rawTranscript: this.transcripts.get(sessionId), workspaceFiles };
  }
  async createSessionRecord(record: { sessionId: string }) {
    this.rows.set(record.sessionId, { ...record });
  }
  async updateSessionRecord(sessionId: string, patch: object) {
    Object.assign(this.rows.get(sessionId) ?? {}, patch);
  }
  async saveTranscript(sessionId: string, raw: string, subagentId?: string) {
    if (!subagentId) this.transcripts.set(sessionId, raw);
  }
  async saveWorkspaceFile(sessionId: string, file: WorkspaceFile) {
    const files = this.files.get(sessionId) ?? new Map<string, WorkspaceFile>();
    this.files.set(sessionId, files.set(file.path, file));
  }
  async deleteSessionFile(sessionId: string, path: string) {
    this.files.get(sessionId)?.delete(path);
  }
  async listAgentProfiles() {
    return [];
  }
  async loadAgentProfile(_profileId: string) {
    return undefined;
  }
}

describe('a runtime', { timeout: TEST_MS }, () => {
  test('serves sessions from an adapter with nine methods, and says how long they last [LAW-12-nine-methods] [LAW-12-memory-said]', async () => {
    const persistence = new OwnTables();
    const runtime = await startRuntime({ persistence });
    const sessionId = await runTurn(runtime, 'file kept.txt kept\nsay hello');
    await runtime.sessions.sync(caller, sessionId);
    expect(persistence.transcripts.get(sessionId)).toContain('hello');
    expect([...(persistence.files.get(sessionId)?.keys() ?? [])]).toEqual(['kept.txt']);
    expect((await runtime.sessions.sendMessage(caller, sessionId, { content: 'say more' })).durability).toBe(
      'memory',
    );
    const rest = restClient(() => runtime.url ?? '');
    expect((await rest.ask('GET', '/health')).body).toMatchObject({ durability: 'memory' });
  });

  test('calls nobody when it starts; with wrong Modal credentials the first session reports a named error [LIB-start-calls-nobody]', async () => {
    const runtime = await startRuntime({
      sandbox: undefined,
      modal: { tokenId: 'ak-wrong', tokenSecret: 'as-wrong', appName: 'nothing' },
    });
    const failed = new Promise<SessionEvent<'turn:failed'>>((resolve) =>
      runtime.events.on('turn:failed', resolve),
    );
    const { sessionId } = await runtime.sessions.create(caller, { architecture: 'scripted' });
    await runtime.sessions.sendMessage(caller, sessionId, { content: 'say hello' });
    const { payload } = await failed;
    expect(['sandbox_unavailable', 'package_not_installed']).toContain(payload.code);
  });

  test('calls no model that is not there; the first turn names what to set [LIB-start-calls-nobody]', async () => {
    const runtime = await startRuntime({ models: undefined });
    const failed = new Promise<SessionEvent<'turn:failed'>>((resolve) =>
      runtime.events.on('turn:failed', resolve),
    );
    const { sessionId } = await runtime.sessions.create(caller, { architecture: 'scripted' });
    await runtime.sessions.sendMessage(caller, sessionId, { content: 'say hello' });
    expect((await failed).payload).toMatchObject({
      code: 'capability_missing',
      message: expect.stringContaining('ANTHROPIC_API_KEY'),
    });
  });
});
