import { setTimeout as pause } from 'node:timers/promises';
import type { AppendBatch, AppendResult, ReadResult, StreamInfo } from '@hhopkins/agent-core';
import type { PersistenceAdapter } from '@hhopkins/agent-server/types';
import { wrapStore } from './wrap.ts';

/** How far the log stays behind what it has answered, milliseconds. */
const BEHIND_MS = 400;

/**
 * An append is answered at once and committed later, one after the other: events are visible, and commands acknowledged, that
 * a kill takes with it. Reads tell what was answered, as the engine has to believe.
 */
export function publishEarly(store: PersistenceAdapter): PersistenceAdapter {
  const { eventLog } = store;
  if (!eventLog) return store;
  const waiting = new Map<string, AppendBatch[]>();
  let tail: Promise<unknown> = Promise.resolve();

  const commitLater = (batch: AppendBatch) => {
    const { sessionId } = batch;
    waiting.set(sessionId, [...(waiting.get(sessionId) ?? []), batch]);
    const due = pause(BEHIND_MS);
    tail = tail
      .then(() => due)
      .then(() => eventLog.append([batch]))
      .catch(() => {})
      .then(() =>
        waiting.set(
          sessionId,
          (waiting.get(sessionId) ?? []).filter((each) => each !== batch),
        ),
      );
  };
  const ahead = (sessionId: string) => (waiting.get(sessionId) ?? []).flatMap(({ events }) => events);

  return wrapStore(store, async (name, call, parameters) => {
    if (name === 'append') {
      const [batches] = parameters as [AppendBatch[]];
      return Promise.all(
        batches.map(async (batch): Promise<AppendResult> => {
          // The first append of a stream makes it, and is left as it is.
          if (batch.expectedHead === 0) return (await eventLog.append([batch]))[0] as AppendResult;
          commitLater(batch);
          return { ok: true, head: batch.expectedHead + batch.events.length };
        }),
      );
    }
    const [sessionId] = parameters as [string];
    if (name === 'stream') {
      const info = (await call()) as StreamInfo | null;
      const head = ahead(sessionId).at(-1)?.seq;
      return info && { ...info, head: Math.max(info.head, head ?? 0) };
    }
    if (name === 'read') {
      const page = (await call()) as ReadResult | null;
      if (page?.kind !== 'events') return page;
      const last = page.events.at(-1)?.seq ?? (parameters[1] as { after: number }).after;
      const more = ahead(sessionId).filter(({ seq }) => seq > last);
      return { ...page, events: [...page.events, ...more], head: Math.max(page.head, more.at(-1)?.seq ?? 0) };
    }
    if (name === 'close') await tail;
    return call();
  });
}
