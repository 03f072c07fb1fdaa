import assert from 'node:assert/strict';
import type { AppendBatch } from '@hhopkins/agent-core';
import { assertRefused, assertSame } from '../../persistence/assertions.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import { newId } from '../../persistence/samples.ts';
import { batchOf, newWriter, nextEvents, sampleCommand, sampleSnapshot, type Writer } from '../samples.ts';
import { type Action, type BatchAction, SESSIONS } from './actions.ts';
import { answerOf, commit, faultsOf, infoOf, type ModelStream } from './model.ts';

interface ModelSession {
  writer: Writer;
  stream?: ModelStream;
}

/** Does the actions to the store and to the model, and fails where they part. */
export async function runAgainstModel(
  context: StoreContext<EventLogStore>,
  actions: readonly Action[],
): Promise<void> {
  const sessions = Array.from({ length: SESSIONS }, (): ModelSession => ({ writer: newWriter() }));
  const at = (index: number) => sessions[index] as ModelSession;

  for (const action of actions) {
    if (action.kind === 'append') await append(context, action.batches, at);
    else if (action.kind === 'crash') await crash(context, action.batches, at);
    else if (action.kind === 'reopen') await context.reopen?.();
    else await actOnOne(context, at(action.session), action);
  }
  for (const session of sessions) await assertAgreement(context, session);
}

async function append(
  { adapter: { eventLog } }: StoreContext<EventLogStore>,
  actions: readonly BatchAction[],
  at: (index: number) => ModelSession,
): Promise<void> {
  const batches = actions.map((action) => toBatch(at(action.session), action));
  const results = await eventLog.append(batches);
  assert.equal(results.length, batches.length);
  actions.forEach((action, index) => {
    const session = at(action.session);
    const batch = batches[index] as AppendBatch;
    const result = results[index];
    const faults = faultsOf(session.stream, batch);
    if (faults.length > 0) {
      assert.ok(result && !result.ok, `batch ${index} was committed in spite of ${faults}`);
      assert.ok(
        faults.includes(result.code),
        `batch ${index} was refused with ${result.code} instead of ${faults}`,
      );
      return;
    }
    session.stream = commit(session.stream, structuredClone(batch));
    session.writer.head = session.stream.head;
    session.writer.epoch = batch.epoch;
    assertSame(result, { ok: true, head: session.stream.head }, `the result of batch ${index}`);
  });
}

/** What was in flight is there whole or not at all, each session's part by itself. */
async function crash(
  context: StoreContext<EventLogStore>,
  actions: readonly BatchAction[],
  at: (index: number) => ModelSession,
): Promise<void> {
  const batches = actions.map((action) => toBatch(at(action.session), action));
  // Nobody is left who could be told.
  context.adapter.eventLog.append(batches).catch(() => {});
  await context.crash?.();
  for (const [index, action] of actions.entries()) {
    const session = at(action.session);
    const batch = batches[index] as AppendBatch;
    if (faultsOf(session.stream, batch).length > 0) continue;
    const stream = commit(structuredClone(session.stream), structuredClone(batch));
    const writer = { ...session.writer, head: stream.head, epoch: batch.epoch };
    const isDone = await assertAgreement(context, { writer, stream }).then(
      () => true,
      () => false,
    );
    if (isDone) Object.assign(session, { writer, stream });
  }
  for (const { session } of actions) await assertAgreement(context, at(session));
}

function toBatch({ writer, stream }: ModelSession, action: BatchAction): AppendBatch {
  const head = Math.max(0, writer.head + action.head);
  const streamId = action.isOtherStream && stream ? newId('stream') : writer.streamId;
  const hasFault = head !== writer.head || streamId !== writer.streamId || action.command === 'known';
  // Whether a batch that is refused for another reason raises the epoch is left open, and so is an epoch before the first.
  const raised = hasFault || !stream ? Math.min(action.epoch, 0) : action.epoch;
  const epoch = stream ? Math.max(0, writer.epoch + raised) : writer.epoch;
  const target = { ...writer, head, streamId, epoch };
  const journal = action.movesJournal ? { id: newId('journal'), offset: head } : undefined;
  return batchOf(target, nextEvents(target, action.count), { journal, ...commandsOf(stream, action) });
}

function commandsOf(
  stream: ModelStream | undefined,
  { command }: BatchAction,
): Pick<AppendBatch, 'commands' | 'newCommands'> {
  const known = stream?.commands.find(({ state }) => state !== 'ended') ?? stream?.commands[0];
  if (command === 'new') return { newCommands: [sampleCommand()] };
  if (!known) return {};
  if (command === 'known') return { newCommands: [sampleCommand(), known] };
  if (command === 'start') return { commands: [{ ...known, state: 'started', result: newId('result') }] };
  if (command === 'end') return { commands: [{ ...known, state: 'ended' }] };
  return {};
}

async function actOnOne(
  context: StoreContext<EventLogStore>,
  session: ModelSession,
  action: Exclude<Action, { kind: 'append' | 'reopen' | 'crash' }>,
): Promise<void> {
  const { eventLog } = context.adapter;
  const { writer, stream } = session;
  const { sessionId } = writer;
  switch (action.kind) {
    case 'read': {
      const streamId = { none: undefined, own: writer.streamId, other: newId('stream') }[action.cursor];
      const query = { after: Math.max(0, writer.head - action.back), limit: action.limit, streamId };
      assertSame(
        await eventLog.read(sessionId, query),
        answerOf(stream, query),
        `a read of ${JSON.stringify(query)}`,
      );
      return;
    }
    case 'snapshot': {
      if (!stream) return;
      const snapshot = sampleSnapshot(writer, Math.max(0, writer.head - action.back), newId('snapshot'));
      const isBeyond = snapshot.seq > stream.head;
      const epoch = stream.epoch - (action.isStale && !isBeyond ? 1 : 0);
      const saving = eventLog.saveSnapshot(sessionId, snapshot, { epoch });
      if (isBeyond) return await assertRefused(saving, 'head_mismatch', 'a snapshot beyond the head');
      if (action.isStale) return await assertRefused(saving, 'stale_epoch', 'a stale snapshot');
      await saving;
      if (snapshot.seq >= (stream.snapshotSeq ?? 0))
        Object.assign(stream, { snapshot, snapshotSeq: snapshot.seq });
      return;
    }
    case 'compact': {
      if (!stream) return;
      const floor = Math.max(0, (stream.snapshotSeq ?? stream.head) - action.back);
      const below = Array.from({ length: floor }, (_, index) => index + 1);
      const drop = { none: [], odd: below.filter((seq) => seq % 2 === 1), all: below }[action.drop];
      const isCovered = stream.snapshotSeq !== null && stream.snapshotSeq >= floor;
      const epoch = stream.epoch - (action.isStale && isCovered ? 1 : 0);
      const compacting = eventLog.compact(sessionId, { epoch, floor, drop });
      if (!isCovered)
        return await assertRefused(compacting, 'head_mismatch', 'a compaction above the snapshot');
      if (action.isStale) return await assertRefused(compacting, 'stale_epoch', 'a stale compaction');
      await compacting;
      stream.floor = Math.max(stream.floor, floor);
      return;
    }
    case 'purge': {
      if (!context.adapter.deleteSession) return;
      await context.adapter.deleteSession(sessionId, { epoch: writer.epoch });
      session.stream = undefined;
      session.writer = newWriter({ sessionId, epoch: writer.epoch });
    }
  }
}

async function assertAgreement(
  { adapter: { eventLog } }: StoreContext<EventLogStore>,
  session: ModelSession,
) {
  const { writer, stream } = session;
  const { sessionId } = writer;
  assertSame(await eventLog.stream(sessionId), infoOf(stream), 'the stream');
  const query = { after: stream?.floor ?? 0, limit: 10_000 };
  assertSame(await eventLog.read(sessionId, query), answerOf(stream, query), 'all events');
  assertSame(await eventLog.loadSnapshot(sessionId), stream?.snapshot ?? null, 'the snapshot');
  const open = stream?.commands.filter(({ state }) => state !== 'ended') ?? [];
  assertSame(await eventLog.openCommands(sessionId), open, 'open commands');
}
