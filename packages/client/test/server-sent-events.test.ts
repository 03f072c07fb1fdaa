import { AgentServerError, type Problem } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { createAgentClient } from '../src/core.ts';
import { createFakeClock, type FakeClock } from './support/fake-clock.ts';
import { createFakeSession, type FakeSession, logDraft } from './support/fake-session.ts';

/** Answers requests as a server does, but event streams only as far as `stream` says. */
function createWorld(
  stream: (session: FakeSession, opened: number, push: (text: string) => void) => void,
  refuse: (opened: number) => Problem | undefined = () => undefined,
) {
  const clock: FakeClock = createFakeClock();
  const session = createFakeSession('s');
  session.emit(logDraft('one'), logDraft('two'));
  let opened = 0;
  const requests: string[] = [];

  const json = (value: unknown) =>
    new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json' } });

  const client = createAgentClient({
    url: 'http://server.test',
    WebSocket: false,
    clock,
    random: () => 0.5,
    fetch: async (input, { headers, signal }) => {
      const { pathname, searchParams } = new URL(input);
      const isStream = new Headers(headers).get('accept') === 'text/event-stream';
      requests.push(isStream ? 'stream' : pathname);
      if (isStream) {
        opened += 1;
        const problem = refuse(opened);
        if (problem) {
          const headers = { 'content-type': 'application/problem+json' };
          return new Response(JSON.stringify(problem), { status: problem.status, headers });
        }
        const body = new ReadableStream({
          start(controller) {
            signal?.addEventListener('abort', () => controller.error(signal.reason));
            stream(session, opened, (text) => controller.enqueue(new TextEncoder().encode(text)));
          },
        });
        return new Response(body);
      }
      if (pathname === '/sessions/s/events') {
        const after = Number(searchParams.get('after'));
        const head = session.events.length;
        return json({ events: session.events.slice(after), next: head, head, streamId: session.streamId });
      }
      if (pathname === '/sessions/s') return json({ ...session.snapshot(), pending: {} });
      return json({ sessions: [], nextCursor: null });
    },
  });
  return { clock, session, client, requests };
}

const subscribed = (session: FakeSession) => {
  const snapshot = session.snapshot();
  return `event: subscribed\ndata: ${JSON.stringify({ streamId: snapshot.streamId, seq: snapshot.seq, snapshot })}\n\n`;
};

/** Streams of the runtime move by promises of their own, more than one turn deep. */
async function advance(clock: FakeClock, milliseconds: number) {
  for (let passed = 0; passed < milliseconds; passed += 100) {
    await clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

describe('without WebSockets', () => {
  it('sessions are polled where something between holds event streams back', async () => {
    const { clock, session, client } = createWorld(() => {});
    client.session('s').subscribe(() => {});
    await advance(clock, 8_000);
    expect(client.session('s').getSnapshot()).toMatchObject({ status: 'live', cursor: { seq: 2 } });
    session.emit(logDraft('three'));
    await advance(clock, 3_000);
    expect(client.session('s').getSnapshot().cursor?.seq).toBe(3);
    client.close();
    expect(clock.pending).toBe(0);
  });

  it('an event stream that fell silent is opened again from the cursor within twenty seconds', async () => {
    const { clock, session, client, requests } = createWorld((which, opened, push) => {
      push(opened === 1 ? subscribed(which) : subscribed(which).replace(/,"snapshot".*\n/, '}\n'));
      if (opened > 1) push(`data: ${JSON.stringify(which.events[2])}\n\n`);
    });
    client.session('s').subscribe(() => {});
    await advance(clock, 1_000);
    expect(client.session('s').getSnapshot()).toMatchObject({ status: 'live', cursor: { seq: 2 } });
    session.emit(logDraft('missed'));
    await advance(clock, 21_000);
    expect(client.session('s').getSnapshot().cursor?.seq).toBe(3);
    expect(requests.filter((each) => each === 'stream')).toHaveLength(2);
    client.close();
    expect(clock.pending).toBe(0);
  });
});

describe('a server that stops while a client asks for its stream', () => {
  it('is asked again, and the session goes on from its cursor', async () => {
    const problem = new AgentServerError('shutting_down', 'The server is stopping').toProblem();
    const { clock, session, client } = createWorld(
      (each, _, push) => push(subscribed(each)),
      (opened) => (opened <= 2 ? problem : undefined),
    );
    const store = client.session('s');
    store.subscribe(() => {});
    await advance(clock, 10_000);
    expect(store.getSnapshot()).toMatchObject({ status: 'live', cursor: { seq: session.events.length } });
    client.close();
  });
});
