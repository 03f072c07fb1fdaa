import type { SessionEvent, Snapshot } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { SessionStream } from './session-stream.ts';

/** Stores a snapshot now and then, so that a long session opens by snapshot and tail, and compacts what lies far below it. */
export function saveSnapshotWhenDue(
  parts: EngineParts,
  stream: SessionStream,
  sessionId: string,
  progress: { lastSeq: number; saving: boolean },
): void {
  const snapshot = stream.committed();
  if (progress.saving || snapshot.seq - progress.lastSeq < parts.settings.snapshotEvery) return;
  progress.saving = true;
  saveSnapshot(parts, stream, sessionId, snapshot)
    .then(() => {
      progress.lastSeq = snapshot.seq;
    })
    .catch((error: unknown) =>
      parts.logger.log('warn', 'snapshot not stored; the next one will be', { sessionId, error }),
    )
    .finally(() => {
      progress.saving = false;
    });
}

export async function saveSnapshot(
  parts: EngineParts,
  stream: SessionStream,
  sessionId: string,
  snapshot: Snapshot,
): Promise<void> {
  await parts.log.saveSnapshot(sessionId, snapshot, { epoch: stream.epoch });
  await compact(parts, stream, sessionId, snapshot);
}

/**
 * Removes deltas of blocks that were later written whole, below the snapshot and beyond what readers may still ask for. The
 * reduction of what is left is the same.
 */
async function compact(
  parts: EngineParts,
  stream: SessionStream,
  sessionId: string,
  snapshot: Snapshot,
): Promise<void> {
  const { log, settings, clock } = parts;
  const info = await log.stream(sessionId);
  if (!info) return;
  const ceiling = Math.min(snapshot.seq, info.head - settings.keepEvents);
  if (ceiling <= info.floor) return;

  const old = await readOld(parts, sessionId, info, ceiling, clock.now() - settings.keepEventsMs);
  const floor = old.at(-1)?.seq;
  if (floor === undefined) return;
  const drop = droppable(old);
  if (drop.length > 0) await log.compact(sessionId, { epoch: stream.epoch, floor, drop });
}

async function readOld(
  parts: EngineParts,
  sessionId: string,
  info: { streamId: string; floor: number },
  ceiling: number,
  before: number,
): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for (let after = info.floor; after < ceiling; ) {
    const page = await parts.log.read(sessionId, {
      after,
      streamId: info.streamId,
      limit: Math.min(1000, ceiling - after),
    });
    if (page?.kind !== 'events' || page.events.length === 0) break;
    for (const event of page.events) {
      if (Date.parse(event.context.timestamp) > before) return events;
      events.push(event);
    }
    after = page.events.at(-1)?.seq ?? ceiling;
  }
  return events;
}

/** Deltas that a later whole form of their block, among the given events, makes superfluous. */
export function droppable(events: readonly SessionEvent[]): number[] {
  const whole = new Set<string>();
  const drop: number[] = [];
  for (const event of events.toReversed()) {
    const key = (blockId: string) => `${event.context.conversationId} ${blockId}`;
    if (event.type === 'block:upsert' && event.payload.block.status !== 'pending')
      whole.add(key(event.payload.block.id));
    else if (event.type === 'block:delta' && whole.has(key(event.payload.blockId))) drop.push(event.seq);
  }
  return drop.toReversed();
}
