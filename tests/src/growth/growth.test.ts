import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { memoryPersistence } from '@hhopkins/agent-persistence-memory';
import { sqlitePersistence } from '@hhopkins/agent-persistence-sqlite';
import { initialState, reduce, type SessionEvent } from '@hhopkins/agent-protocol';
import { AgentRuntime, plainProcesses } from '@hhopkins/agent-server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, TEST_MS } from '../harness/deadline.ts';
import { noModels, scriptedAgent } from '../harness/scripted-agent.ts';
import { allEvents, countingReads, growTo } from './long-session.ts';
import { openRawSocket } from './raw-socket.ts';

const CALLER = { principal: 'a-user' };
const EVENTS = 100_000;
const TAIL = 300;

/** An engine on a store that counts what is read of it, and a session on it that nobody runs at the moment. */
async function openLongSession(kind: 'sqlite' | 'memory', settings: Record<string, number> = {}) {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'growth-'));
  const file = join(dataDirectory, 'agent-server.db');
  const { store, taken, released } = countingReads(
    kind === 'sqlite' ? sqlitePersistence({ file }) : memoryPersistence(),
  );
  const runtime = new AgentRuntime({
    persistence: store,
    agents: [scriptedAgent],
    models: noModels,
    sandbox: plainProcesses({ directory: join(dataDirectory, 'sandboxes') }),
    dataDirectory,
    websocketPort: 0,
    logLevel: 'silent',
    settings,
  });
  onTestFinished(async () => {
    await runtime.stop({ runs: 'end' });
    await rm(dataDirectory, { recursive: true, force: true });
  });
  await runtime.start();
  const { sessionId } = await runtime.sessions.create(CALLER, { architecture: 'scripted' });
  /** Uses the session, which opens it, and waits until it is let go of. */
  const open = async (name: string) => {
    const before = released();
    taken();
    await runtime.sessions.update(CALLER, sessionId, { name });
    const use = taken();
    await eventually('the session is let go of', () => released() > before);
    return use;
  };
  await eventually('the new session is let go of', () => released() > 0);
  return { runtime, store, sessionId, taken, open, file };
}

describe.each(['sqlite', 'memory'] as const)(
  'a session of 100,000 events in %s',
  { timeout: TEST_MS },
  (kind) => {
    // [BOUND-long-session] [LAW-04-snapshot-is-reduction]
    test('opens by its snapshot and the events after it, for the server and for clients', async () => {
      // Compaction is another matter.
      const { runtime, store, sessionId, taken, open } = await openLongSession(kind, {
        keepEvents: 2 * EVENTS,
      });
      const log = store.eventLog;
      await growTo(log, sessionId, EVENTS);
      // Nobody ran it while it grew, so that there is no snapshot yet: this once everything is read.
      expect((await open('first')).events).toBeGreaterThan(EVENTS - 1000);

      const saved = (await log.stream(sessionId))?.snapshotSeq ?? 0;
      expect(saved).toBeGreaterThan(EVENTS);
      await growTo(log, sessionId, saved + TAIL);
      expect(await open('second')).toEqual({ snapshots: 1, events: TAIL, lowest: saved + 1 });

      // A client that comes for the first time, when nobody runs the session.
      const before = (await log.stream(sessionId))?.snapshotSeq ?? 0;
      await growTo(log, sessionId, before + TAIL);
      taken();
      const socket = await openRawSocket(runtime.url ?? '');
      socket.send({ type: 'subscribe', sessionId });
      const { snapshot } = await socket.until('subscribed');
      expect(snapshot?.seq).toBe(before + TAIL);
      expect(taken()).toEqual({ snapshots: 1, events: TAIL, lowest: before + 1 });

      // What it was given is what all events come to, and what happens from now on follows.
      const whole = await allEvents(log, sessionId);
      expect(whole).toHaveLength(before + TAIL);
      expect(snapshot).toMatchObject(whole.reduce(reduce, initialState(sessionId)));
      taken();
      await runtime.sessions.update(CALLER, sessionId, { name: 'third' });
      const { events } = await socket.until('events');
      expect(events[0]?.seq).toBe(before + TAIL + 1);
      expect(taken().lowest).toBeGreaterThan(before);
      socket.drop();
    });
  },
);

describe('a session of 100,000 events, most of them pieces of texts that are whole by now', {
  timeout: TEST_MS,
}, () => {
  // [BOUND-compacted] [LAW-05-compaction-reduces-alike] [LAW-05-recent-kept] [LAW-05-floor-reset]
  test('is compacted bit by bit as it is used, and means the same', async () => {
    const keepEvents = 10_000;
    const { runtime, store, sessionId, open, file } = await openLongSession('sqlite', {
      keepEvents,
      keepEventsMs: 0,
    });
    const log = store.eventLog;
    await growTo(log, sessionId, EVENTS);
    const full = await allEvents(log, sessionId);
    const known = new Map(full.map((event) => [event.seq, event]));

    for (let floor = -1; floor < ((await log.stream(sessionId))?.floor ?? 0); ) {
      floor = (await log.stream(sessionId))?.floor ?? 0;
      const { events } = await open(`above ${floor}`);
      // But for the first time, there is the snapshot, and what a compaction looks at in one go.
      if (floor > 0) expect(events).toBeLessThan(10_000);
    }
    const { floor = 0, head = 0, streamId = '' } = (await log.stream(sessionId)) ?? {};
    expect(head - floor).toBeGreaterThanOrEqual(keepEvents);
    expect(head - floor).toBeLessThan(keepEvents + 1000);

    const rows = new DatabaseSync(file, { readOnly: true });
    const left = rows
      .prepare('SELECT event FROM agent_events WHERE session_id = ? ORDER BY seq')
      .all(sessionId)
      .map(({ event }) => JSON.parse(String(event)) as SessionEvent);
    rows.close();
    expect(left.length).toBeLessThan(EVENTS / 5);
    for (const event of left) if (known.has(event.seq)) expect(event).toEqual(known.get(event.seq));
    expect(left.filter(({ seq }) => seq > head - keepEvents)).toHaveLength(keepEvents);
    const since = left.filter(({ seq }) => !known.has(seq));
    const reduced = [...full, ...since].reduce(reduce, initialState(sessionId));
    expect(left.reduce(reduce, initialState(sessionId))).toEqual(reduced);

    // A cursor below the floor starts again from a snapshot; one at the floor goes on.
    const below = await runtime.sessions.readEvents(sessionId, { after: floor - 1, streamId });
    expect(below).toMatchObject({ events: [], head, reset: { seq: head, ...reduced } });
    const at = await runtime.sessions.readEvents(sessionId, { after: floor, streamId });
    expect(at.reset).toBeUndefined();
    expect(at.events[0]?.seq).toBe(floor + 1);
  });
});
