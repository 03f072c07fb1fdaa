import { LIMITS, type SessionEvent, type Snapshot } from '@hhopkins/agent-protocol';
import { eventJson } from '../bus/event-json.ts';
import type { EngineParts } from '../engine-parts.ts';
import type { SessionStream } from './session-stream.ts';

/** Stores snapshots now and then, so that a long session opens by snapshot and tail, and compacts what lies far below. */
export interface SnapshotKeeper {
  /** Begins to store one when enough has happened since the last. */
  saveWhenDue(): void;
  /** Stores one of the moment, unless the last is as new. */
  save(): Promise<void>;
}

/** @param lastSeq of the snapshot that is stored already, or 0 */
export function createSnapshotKeeper(
  parts: EngineParts,
  stream: SessionStream,
  sessionId: string,
  lastSeq: number,
): SnapshotKeeper {
  let saved = lastSeq;
  let running: Promise<void> | undefined;
  /** Up to here there is nothing left to compact. */
  let compacted = 0;

  const once = async (): Promise<void> => {
    const snapshot = stream.committed();
    if (snapshot.seq <= saved) return;
    await parts.log.saveSnapshot(sessionId, snapshot, { epoch: stream.epoch });
    saved = snapshot.seq;
    compacted = Math.max(compacted, await compact(parts, stream, sessionId, snapshot, compacted));
  };

  const run = (): Promise<void> => {
    running ??= once().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    saveWhenDue() {
      if (running || stream.committed().seq - saved < parts.settings.snapshotEvery) return;
      run().catch((error: unknown) =>
        parts.logger.log('warn', 'snapshot not stored; the next one will be', { sessionId, error }),
      );
    },
    async save() {
      await running?.catch(() => {});
      await run();
    },
  };
}

/** Events looked at in one go: what a compaction holds in memory, a count and characters of JSON. */
const COMPACTED_AT_ONCE = 5000;
const COMPACTED_CHARACTERS = 32 * LIMITS.readerBuffer;
const PAGE = { limit: 1000, maximumBytes: 4 * LIMITS.readerBuffer };

/**
 * Removes deltas of blocks that were later written whole, below the snapshot and beyond what readers may still ask for. The
 * reduction of what is left is the same.
 *
 * @returns up to where it looked
 */
async function compact(
  parts: EngineParts,
  stream: SessionStream,
  sessionId: string,
  snapshot: Snapshot,
  from: number,
): Promise<number> {
  const { log, settings, clock } = parts;
  const info = await log.stream(sessionId);
  if (!info) return from;
  const start = Math.max(from, info.floor);
  const ceiling = Math.min(snapshot.seq, info.head - settings.keepEvents, start + COMPACTED_AT_ONCE);
  if (ceiling <= start) return from;

  const range = { streamId: info.streamId, start, ceiling };
  const old = finishedPart(await readOld(parts, sessionId, range, clock.now()));
  const floor = old.at(-1)?.seq;
  if (floor === undefined) return from;
  const drop = droppable(old);
  if (drop.length > 0) await log.compact(sessionId, { epoch: stream.epoch, floor, drop });
  return floor;
}

async function readOld(
  parts: EngineParts,
  sessionId: string,
  range: { streamId: string; start: number; ceiling: number },
  now: number,
): Promise<SessionEvent[]> {
  const before = now - parts.settings.keepEventsMs;
  const { streamId, start, ceiling } = range;
  const events: SessionEvent[] = [];
  let characters = 0;
  for (let after = start; after < ceiling && characters < COMPACTED_CHARACTERS; ) {
    const limit = Math.min(PAGE.limit, ceiling - after);
    const page = await parts.log.read(sessionId, { ...PAGE, after, streamId, limit });
    if (page?.kind !== 'events' || page.events.length === 0) break;
    for (const event of page.events) {
      if (Date.parse(event.context.timestamp) > before) return events;
      events.push(event);
      characters += eventJson(event).length;
    }
    after = page.events.at(-1)?.seq ?? ceiling;
  }
  return events;
}

/**
 * The events before the first delta of a block that is not whole yet, so that its deltas can go together later. All of them
 * when there is nothing before it.
 */
function finishedPart(events: readonly SessionEvent[]): readonly SessionEvent[] {
  const drop = new Set(droppable(events));
  const end = events.findIndex(({ type, seq }) => type === 'block:delta' && !drop.has(seq));
  return end > 0 ? events.slice(0, end) : events;
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
