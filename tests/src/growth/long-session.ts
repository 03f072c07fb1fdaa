import type { EventLog, Leases, PersistenceAdapter } from '@hhopkins/agent-core';
import { type Block, MAIN_CONVERSATION, type SessionEvent } from '@hhopkins/agent-protocol';

/** What was asked of a log. */
export interface LogUse {
  /** Events that were read, all reads together. */
  events: number;
  /** The lowest `seq` that was read; infinity when none was. */
  lowest: number;
  snapshots: number;
}

/** A store whose log counts what is read of it. */
export function countingReads<Store extends PersistenceAdapter & { eventLog: EventLog; leases: Leases }>(
  store: Store,
) {
  const fresh = (): LogUse => ({ events: 0, lowest: Number.POSITIVE_INFINITY, snapshots: 0 });
  let use = fresh();
  const eventLog: EventLog = {
    ...store.eventLog,
    durability: store.eventLog.durability,
    async read(sessionId, query) {
      const page = await store.eventLog.read(sessionId, query);
      if (page?.kind === 'events') {
        use.events += page.events.length;
        use.lowest = Math.min(use.lowest, page.events[0]?.seq ?? Number.POSITIVE_INFINITY);
      }
      return page;
    },
    loadSnapshot(sessionId, at) {
      use.snapshots += 1;
      return store.eventLog.loadSnapshot(sessionId, at);
    },
  };
  let released = 0;
  const leases: Leases = {
    ...store.leases,
    async release(...lease) {
      await store.leases.release(...lease);
      released += 1;
    },
  };
  return {
    store: { ...store, eventLog, leases },
    /** How often a session was let go of, with all that belongs to it. */
    released: () => released,
    /** What was read since the last time that this was asked. */
    taken(): LogUse {
      const taken = use;
      use = fresh();
      return taken;
    },
  };
}

const BATCH = 1000;
const DELTAS = 95;
/** Long ago, so that nothing is kept for its youth. */
const LONG_AGO = Date.parse('2026-01-01T00:00:00.000Z');

/** Events of one turn: a message, and an answer that streams in many small pieces before it is written whole. */
function* turnEvents(turn: number): Generator<Pick<SessionEvent, 'type' | 'payload'>> {
  const turnId = `turn-${turn}`;
  const messageId = `message-${turn}`;
  const timestamp = new Date(LONG_AGO + turn * 1000).toISOString();
  const blockId = `answer-${turn}`;
  const block = (content: string, status: Block['status']) => ({
    block: { id: blockId, type: 'assistant_text' as const, content, status, timestamp, turnId },
  });
  yield { type: 'turn:started', payload: { turnId, messageId } };
  yield {
    type: 'block:upsert',
    payload: {
      block: {
        id: messageId,
        type: 'user_message',
        content: `Question ${turn}`,
        status: 'complete',
        timestamp,
        turnId,
      },
    },
  };
  yield { type: 'block:upsert', payload: block('', 'pending') };
  let text = '';
  for (let piece = 1; piece <= DELTAS; piece += 1) {
    text += `piece ${piece} `;
    yield { type: 'block:delta', payload: { blockId, delta: `piece ${piece} ` } };
  }
  yield { type: 'block:upsert', payload: block(text, 'complete') };
  yield { type: 'turn:completed', payload: { turnId } };
}

/** Appends turns to a session that nobody runs at the moment, until its head is `head`. Gives what was appended. */
export async function growTo(log: EventLog, sessionId: string, head: number): Promise<SessionEvent[]> {
  const info = await log.stream(sessionId);
  if (!info) throw new Error(`session ${sessionId} has no stream`);
  const grown: SessionEvent[] = [];
  for (let turn = info.head; info.head + grown.length < head; turn += 1) {
    for (const event of turnEvents(turn)) {
      const seq = info.head + grown.length + 1;
      if (seq > head) break;
      const timestamp = new Date(LONG_AGO + seq).toISOString();
      const context = { sessionId, conversationId: MAIN_CONVERSATION, source: 'runner', timestamp };
      grown.push({ seq, ...event, context } as SessionEvent);
    }
  }
  const { streamId, epoch } = info;
  for (let start = 0; start < grown.length; start += BATCH) {
    const events = grown.slice(start, start + BATCH);
    const [result] = await log.append([
      { sessionId, streamId, epoch, expectedHead: info.head + start, events },
    ]);
    if (!result?.ok) throw new Error(`not appended: ${result?.message}`);
  }
  return grown;
}

/** All events that the log still has, in order. */
export async function allEvents(log: EventLog, sessionId: string): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for (let after = (await log.stream(sessionId))?.floor ?? 0; ; ) {
    const page = await log.read(sessionId, { after, limit: 1000 });
    if (page?.kind !== 'events') throw new Error('the log gave a reset');
    events.push(...page.events);
    const last = page.events.at(-1);
    if (!last) return events;
    after = last.seq;
  }
}
