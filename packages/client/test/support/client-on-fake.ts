import type { SessionEvent, Snapshot } from '@hhopkins/agent-protocol';
import { type AgentClient, type AgentClientOptions, createAgentClient } from '../../src/core.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createFakeServer, type FakeServer } from './fake-server.ts';

export interface World {
  clock: FakeClock;
  server: FakeServer;
  client: AgentClient;
  /** As the browser says that the network is back. */
  hint(): void;
  errors: unknown[];
}

/** A client before a server in memory, in a time of its own. Plain HTTP does not get through. */
export function createWorld(options: Partial<AgentClientOptions> = {}): World {
  const clock = createFakeClock();
  const server = createFakeServer(clock);
  const errors: unknown[] = [];
  let hint = () => {};
  const client = createAgentClient({
    url: 'http://server.test',
    fetch: async () => {
      throw new TypeError('fetch failed');
    },
    WebSocket: server.WebSocket,
    clock,
    random: () => 0.5,
    hints: {
      subscribe(listener) {
        hint = listener;
        return () => {
          hint = () => {};
        };
      },
    },
    onError: (error) => errors.push(error),
    ...options,
  });
  return { clock, server, client, hint: () => hint(), errors };
}

/** Everything that an observer of a session was told, held against the law that nothing is missing or doubled. */
export interface Witness {
  readonly events: readonly SessionEvent[];
  readonly snapshots: readonly Snapshot[];
  readonly faults: readonly string[];
}

export function witness(client: AgentClient, sessionId: string): Witness {
  const events: SessionEvent[] = [];
  const snapshots: Snapshot[] = [];
  const faults: string[] = [];
  let at: number | undefined;
  client.session(sessionId).observe({
    snapshot(snapshot) {
      snapshots.push(snapshot);
      at = snapshot.seq;
    },
    event(event) {
      events.push(event);
      if (at === undefined) faults.push(`event ${event.seq} before any snapshot`);
      else if (event.seq !== at + 1) faults.push(`event ${event.seq} after ${at}`);
      at = event.seq;
    },
  });
  return { events, snapshots, faults };
}
