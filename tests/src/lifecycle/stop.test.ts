import type { ServerFrame } from '@hhopkins/agent-protocol';
import { describe, expect } from 'vitest';
import WebSocket from 'ws';
import { eventually, TOGETHER, within } from '../harness/deadline.ts';
import type { Place } from '../harness/place.ts';
import { test } from '../harness/test.ts';

/** A client that follows a session, until it does not read any more: the server then waits for its goodbye. */
async function reader(place: Place, sessionId: string) {
  const socket = new WebSocket(place.url().replace('http', 'ws'));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  const subscribed = new Promise<void>((resolve) => {
    socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', sessionId })));
    socket.on('message', (data) => {
      if ((JSON.parse(String(data)) as ServerFrame).type === 'subscribed') resolve();
    });
  });
  await within('a subscription', subscribed);
  return { socket, closed: () => within('the close of the socket', closed) };
}

const readiness = (place: Place) =>
  place.rest.ask('GET', '/ready').then(({ status, body }) => ({ status, ...body }));

describe('SIGTERM in the middle of a turn', TOGETHER, () => {
  test('makes readiness red, sends clients away with 1012, flushes everything and ends; the run goes on for the next server [SERVER-stop-graceful] [SAFE-termination-leaves-runs]', async ({
    open,
  }) => {
    const place = await open();
    const server = await place.start();
    expect(await readiness(place)).toMatchObject({ status: 200, ready: true });
    const { id, seen } = await place.session();
    const { turnId } = await place.rest.send(id, 'sim:slow tokens=300 rate=30');
    await seen.until('block:delta');
    const { socket, closed } = await reader(place, id);
    socket.pause();

    process.kill(server.pid, 'SIGTERM');
    await eventually('red readiness', async () => (await readiness(place)).status === 503);
    expect(await readiness(place)).toMatchObject({ code: 'shutting_down' });
    const refused = await place.rest.ask('POST', `/sessions/${id}/message`, { content: 'too late' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'shutting_down' } });
    socket.resume();
    expect(await closed()).toBe(1012);
    expect(await within('the end of the server', server.ended)).toEqual({ code: 0, signal: null });
    expect(server.output()).toContain('Stopped.');
    const stored = place.store.query<{ head: number }>(
      'SELECT head FROM agent_streams WHERE session_id = ?',
      id,
    );
    expect(stored[0]?.head).toBeGreaterThanOrEqual(seen.cursor?.seq ?? 0);

    await place.start();
    expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');
    const [, answer] = seen.state().conversation.blocks;
    expect(answer).toMatchObject({ status: 'complete', content: expect.stringContaining('word300') });
  });

  test('ends the runs where the settings say so: saved, with an outcome, and nothing left [SERVER-stop-runs]', async ({
    open,
  }) => {
    const place = await open({ environment: { STOP_RUNS: 'end' } });
    const server = await place.start();
    const { id, seen } = await place.session();
    const { turnId } = await place.rest.send(id, 'sim:shell cmd="echo early > early.txt; sleep 600"');
    await seen.until('file:created');
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await eventually('nothing left', () => place.processes().length === 0);
    await place.start();
    expect(await seen.untilEnded(turnId)).toMatchObject({
      type: 'turn:failed',
      payload: { code: 'shutting_down', retryable: true },
    });
    expect(await place.rest.file(id, 'early.txt')).toBe('early\n');
  });

  test('twice ends the server at once [SERVER-second-signal]', async ({ open }) => {
    const place = await open({ agent: 'scripted', sandbox: 'plain' });
    const server = await place.start();
    const { id, seen } = await place.session();
    const { turnId } = await place.rest.send(id, 'text 100000 20');
    await seen.until('block:delta');
    // A runner that does not answer keeps the server from stopping for a while.
    const runner = place.processes().find(({ command }) => /agent-runner\.mjs serve/.test(command));
    const signal = (name: NodeJS.Signals) => process.kill(runner?.pid as number, name);
    signal('SIGSTOP');
    await place.rest.ask('POST', `/sessions/${id}/interrupt`, { turnId });
    process.kill(server.pid, 'SIGTERM');
    await eventually('that it stops', () => server.output().includes('Stopping'));
    expect(await server.end('SIGTERM')).toEqual({ code: 1, signal: null });
    expect(server.output()).not.toContain('Stopped.');
    signal('SIGCONT');
    await place.start();
    expect((await seen.untilEnded(turnId)).type).toBe('turn:interrupted');
  });
});
