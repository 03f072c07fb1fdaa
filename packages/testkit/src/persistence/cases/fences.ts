import type { PersistenceAdapter, WriteContext } from '@hhopkins/agent-core';
import type { Case } from '../../kit.ts';
import { assertRefused, assertSame } from '../assertions.ts';
import type { StoreContext } from '../context.ts';
import { loadExisting } from '../rows.ts';
import { newId, sampleFile, sampleRecord } from '../samples.ts';

type Context = StoreContext<PersistenceAdapter>;
type Write = (adapter: PersistenceAdapter, sessionId: string, write: WriteContext) => Promise<void>;

const needs = ({ adapter }: Context) => (adapter.leases ? undefined : 'the adapter has no leases');

const writes: Readonly<Record<string, Write>> = {
  updateSessionRecord: (adapter, sessionId, write) =>
    adapter.updateSessionRecord(sessionId, { name: 'stale' }, write),
  saveTranscript: (adapter, sessionId, write) =>
    adapter.saveTranscript(sessionId, 'stale\n', undefined, write),
  saveWorkspaceFile: (adapter, sessionId, write) =>
    adapter.saveWorkspaceFile(sessionId, sampleFile({ content: 'stale', size: 5 }), write),
  deleteSessionFile: (adapter, sessionId, write) =>
    adapter.deleteSessionFile(sessionId, sampleFile().path, write),
};

/** A session that was owned once, with all of its things, and then by another. */
async function takenOver(adapter: PersistenceAdapter) {
  const record = sampleRecord();
  const { sessionId } = record;
  const acquire = async (owner: string): Promise<WriteContext> => {
    const lease = await adapter.leases?.acquire(sessionId, owner, 60_000);
    if (!lease?.granted) throw new Error(`the lease was not granted to ${owner}`);
    return { epoch: lease.epoch };
  };
  const owner = newId('server');
  const old = await acquire(owner);
  await adapter.createSessionRecord(record, old);
  await adapter.saveTranscript(sessionId, 'fresh\n', undefined, old);
  await adapter.saveWorkspaceFile(sessionId, sampleFile(), old);
  return { sessionId, old, current: await acquire(owner) };
}

/** Every write of the engine carries its epoch, and a stale one is refused. */
export const fenceCases: readonly Case<Context>[] = [
  ...Object.entries(writes).map(
    ([method, write]): Case<Context> => ({
      // [LAW-08-stale-epoch-refused]
      id: `fence-${method.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      title: `${method} of a server that lost the session is refused, and changes nothing`,
      needs,
      async run({ adapter }) {
        const { sessionId, old, current } = await takenOver(adapter);
        const before = await loadExisting(adapter, sessionId);
        await assertRefused(write(adapter, sessionId, old), 'stale_epoch', method);
        assertSame(await loadExisting(adapter, sessionId), before, 'the session');
        await write(adapter, sessionId, current);
        await write(adapter, sessionId, { epoch: current.epoch + 1 });
        await assertRefused(
          write(adapter, sessionId, current),
          'stale_epoch',
          `${method} after a higher epoch`,
        );
      },
    }),
  ),
  {
    id: 'fence-delete-session',
    title: 'deleteSession of a server that lost the session is refused, and that of the owner is not',
    needs: (context) =>
      needs(context) ?? (context.adapter.deleteSession ? undefined : 'the adapter has no deleteSession'),
    async run({ adapter }) {
      const { sessionId, old, current } = await takenOver(adapter);
      const remove = async (write: WriteContext) => adapter.deleteSession?.(sessionId, write);
      const before = await loadExisting(adapter, sessionId);
      await assertRefused(remove(old), 'stale_epoch', 'deleteSession');
      assertSame(await loadExisting(adapter, sessionId), before, 'the session');
      await remove(current);
      assertSame((await adapter.loadSession(sessionId)) ?? null, null, 'the deleted session');
    },
  },
];
