import type { ServerFrame } from '@hhopkins/agent-protocol';
import { AgentServerError } from '@hhopkins/agent-protocol/light';
import { createOutbox, DEFAULT_OUTBOX_LIMITS } from './commands/outbox.ts';
import { createConnection } from './connection/connection.ts';
import { browserHints } from './connection/hints.ts';
import { DEFAULT_POLICY } from './connection/policy.ts';
import type { ConnectionStatus } from './connection/status.ts';
import { openSocketLink, type WebSocketConstructor } from './links/socket-link.ts';
import { openSseLink } from './links/sse-link.ts';
import type { AgentClientOptions } from './options.ts';
import { createHttp } from './rest/http.ts';
import { createKeyring } from './rest/keyring.ts';
import { createServerApi, type ServerApi } from './rest/server-api.ts';
import { createSessionsApi, type SessionsApi } from './rest/sessions-api.ts';
import { createSessionClient, type SessionClient } from './session/session-client.ts';
import { createSessionList, type SessionListView } from './session/session-list.ts';
import { DEFAULT_SESSION_LIMITS } from './session/session-store.ts';
import { createSessionStores } from './session/session-stores.ts';
import { systemClock } from './support/clock.ts';
import { ownClock } from './support/own-clock.ts';

/** Something to look at that changes, in the form that `useSyncExternalStore` takes. */
export interface Observable<View> {
  /** Returns what ends it. */
  subscribe(listener: () => void): () => void;
  /** The same object until a listener is called. */
  getSnapshot(): View;
}

/** A client of one server. Nothing is opened before something needs it. */
export interface AgentClient {
  /** The routes of sessions, one request a call. */
  readonly sessions: SessionsApi;
  /** The routes about the server. */
  readonly server: ServerApi;
  /** One session, live. All handles of one id share what they know. */
  session(sessionId: string): SessionClient;
  /** All sessions, live, for as long as it is subscribed to. */
  readonly sessionList: Observable<SessionListView>;
  /** How the connection is doing. Looking at it opens none. */
  readonly connection: Observable<ConnectionStatus>;
  /** Tries at once, also after the key was refused. */
  reconnect(): void;
  /** Ends everything: no timer, socket or request is left. What was not answered rejects with `connection_lost`. */
  close(): void;
}

/**
 * @example
 * const client = createAgentClient({ url: 'http://127.0.0.1:3000' });
 * const { sessionId } = await client.sessions.create({ architecture: 'claude-sdk' });
 * const session = client.session(sessionId);
 * session.subscribe(() => console.log(session.getSnapshot().conversation.blocks.length));
 * await session.send('Hello!');
 */
export function createAgentClient(options: AgentClientOptions): AgentClient {
  const {
    apiKey,
    getToken,
    random = Math.random,
    onError: report = (error) => console.error(error),
  } = options;
  const { href } = new URL(options.url, (globalThis as { location?: { href: string } }).location?.href);
  const baseUrl = href.replace(/[?#].*$/, '').replace(/\/+$/, '');
  const socketUrl = `${baseUrl.replace(/^http/, 'ws')}/ws`;
  const clock = ownClock(options.clock ?? systemClock);
  const Socket = options.WebSocket ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
  const fetch = options.fetch ?? ((input: string, init: RequestInit) => globalThis.fetch(input, init));

  const keyring = createKeyring({ apiKey, getToken, clock, deadlineMs: 10_000 });
  const http = createHttp({
    baseUrl,
    fetch,
    keyring,
    clock,
    deadlineMs: options.requestDeadlineMs ?? 60_000,
  });

  const connection = createConnection({
    user: { up, down, frame },
    openLink: (transport, key, events) =>
      transport === 'websocket' && Socket
        ? openSocketLink(Socket, socketUrl, key, events)
        : openSseLink(http, clock, events),
    keyring,
    policy: {
      ...DEFAULT_POLICY,
      ...options.connection,
      webSockets: Boolean(Socket),
      canRenew: keyring.canRenew,
    },
    clock,
    random,
    hints: options.hints ?? browserHints,
    report,
  });

  const isUp = () => connection.status.state === 'open';
  const shared = { isUp, send: connection.send, want: connection.want, clock, random, report };
  const outbox = createOutbox({
    ...shared,
    refusal: refusalNow,
    limits: {
      ...DEFAULT_OUTBOX_LIMITS,
      deadlineMs: options.commandDeadlineMs ?? DEFAULT_OUTBOX_LIMITS.deadlineMs,
    },
  });
  const { answerMs, retry } = DEFAULT_SESSION_LIMITS;
  const list = createSessionList({ ...shared, answerMs, retry });
  const stores = createSessionStores({ ...shared, limits: DEFAULT_SESSION_LIMITS });

  function up(): void {
    for (const store of stores.all()) store.up();
    list.up();
    outbox.up();
  }

  function down(): void {
    outbox.down();
    list.down();
    for (const store of stores.all()) store.down();
  }

  function frame(each: ServerFrame, size: number): void {
    switch (each.type) {
      case 'subscribed':
      case 'events':
      case 'reset':
      case 'lagging':
        stores.find(each.sessionId)?.frame(each, size);
        break;
      case 'unsubscribed':
        if (each.sessionId !== undefined) stores.find(each.sessionId)?.frame(each, size);
        break;
      case 'ack':
        outbox.acknowledged(each.id, each.result);
        break;
      case 'error':
        if (each.id !== undefined) outbox.refused(each.id, each.error);
        else if (each.sessionId !== undefined) stores.find(each.sessionId)?.refused(each.error);
        else {
          report(AgentServerError.fromProblem(each.error));
          list.refused(each.error);
        }
        break;
      case 'sessions':
        list.frame(each);
    }
  }

  /** A key that is not taken makes waiting pointless. */
  function refusalNow(): AgentServerError | undefined {
    if (connection.status.state !== 'unauthorized') return undefined;
    return new AgentServerError('unauthorized', 'The server does not take the key.', {
      cause: connection.status.error,
    });
  }
  connection.subscribe(() => {
    const refusal = refusalNow();
    if (refusal) outbox.fail(refusal);
  });

  return {
    sessions: createSessionsApi(http),
    server: createServerApi(http),
    session: (sessionId) =>
      createSessionClient({ sessionId, outbox, clock, store: () => stores.obtain(sessionId) }),
    sessionList: { subscribe: list.subscribe, getSnapshot: () => list.view },
    connection: { subscribe: connection.subscribe, getSnapshot: () => connection.status },
    reconnect: connection.reconnect,
    close() {
      connection.close();
      outbox.close();
      http.close();
      keyring.close();
      clock.close();
    },
  };
}
