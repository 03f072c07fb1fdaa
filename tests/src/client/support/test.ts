import { type AgentClient, type AgentClientOptions, createAgentClient } from '@hhopkins/agent-client/core';
import type { SessionEvent } from '@hhopkins/agent-protocol';
import { createScriptedEngine, type ScriptedEngine } from '@hhopkins/agent-testkit/transport';
import { test as base, expect } from 'vitest';
import { WebSocket as WsSocket } from 'ws';
import { eventually } from '../../harness/deadline.ts';
import { createProxy, type TcpProxy } from './proxy.ts';
import { serve } from './serve.ts';

export { expect };

/** Node's own WebSocket and that of `ws`: a client must not care. */
export const SOCKETS = [
  { name: "Node's own WebSocket", WebSocket: undefined },
  { name: 'ws', WebSocket: WsSocket },
] as const;

/** Times as in use, only shorter: what takes seconds there takes a part of one here. */
export const SHORT = {
  openMs: 1_000,
  quietMs: 300,
  pongMs: 300,
  stableMs: 150,
  retry: { first: 20, maximum: 200 },
  restartMs: 20,
  lingerMs: 50,
  upgrade: { first: 200, maximum: 400 },
};

export interface Place {
  script: ScriptedEngine;
  proxy: TcpProxy;
  /** A client that goes through the proxy, and is closed after the test. */
  client(options?: Partial<AgentClientOptions>): AgentClient;
  /** What clients reported, which is nothing unless a test says so. */
  errors: unknown[];
}

export const test = base.extend<{ place: Place }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures from here
  place: async ({}, use) => {
    const script = createScriptedEngine();
    const server = await serve(script.engine);
    const proxy = await createProxy(server.url);
    const clients: AgentClient[] = [];
    const errors: unknown[] = [];
    await use({
      script,
      proxy,
      errors,
      client(options = {}) {
        const onError = (error: unknown) => errors.push(error);
        const client = createAgentClient({ url: proxy.url, connection: SHORT, onError, ...options });
        clients.push(client);
        return client;
      },
    });
    for (const client of clients) client.close();
    // Whatever a test did: no socket outlives its client. (Connections of `fetch` are the runtime's, which keeps them a while,
    // and Node's own WebSocket keeps one whose peer does not answer.)
    await eventually('the end of all sockets', () => proxy.sockets === 0 || undefined);
    await script.engine.stop();
    await proxy.close();
    await server.close();
    expect(errors).toEqual([]);
  },
});

/** What an observer of a session was told. */
export interface Witness {
  readonly seqs: readonly number[];
  /** The place of each snapshot among them. */
  readonly snapshots: readonly number[];
}

/** Follows a session event by event; a gap or a double is thrown, into the client's errors. */
export function witness(client: AgentClient, sessionId: string): Witness {
  const seqs: number[] = [];
  const snapshots: number[] = [];
  let at: number | undefined;
  client.session(sessionId).observe({
    snapshot({ seq }) {
      snapshots.push(seq);
      at = seq;
    },
    event({ seq }: SessionEvent) {
      seqs.push(seq);
      if (at === undefined || seq !== at + 1) throw new Error(`event ${seq} after ${at}`);
      at = seq;
    },
  });
  return { seqs, snapshots };
}

/** Waits until the client shows what the engine has. */
export async function converged(client: AgentClient, { script }: Place, sessionId: string): Promise<void> {
  const stream = script.stream(sessionId);
  const session = client.session(sessionId);
  await eventually(`the client at ${stream.head}`, () => {
    const { status, cursor } = session.getSnapshot();
    return (
      (status === 'live' && cursor?.seq === stream.head && cursor.streamId === stream.streamId) || undefined
    );
  });
  const { streamId, seq, ...state } = stream.snapshot();
  expect(session.getSnapshot()).toMatchObject({ ...state, cursor: { streamId, seq } });
}

export const isOpen = (client: AgentClient, transport?: 'websocket' | 'sse') => (): true | undefined => {
  const status = client.connection.getSnapshot();
  return (status.state === 'open' && (transport ?? status.transport) === status.transport) || undefined;
};
