import assert from 'node:assert/strict';
import type { LeaseResult, Leases } from '@hhopkins/agent-core';
import type { Case } from '../kit.ts';
import { assertSame, eventually } from '../persistence/assertions.ts';
import { type LeaseStore, needsReopen, type StoreContext } from '../persistence/context.ts';
import { newId } from '../persistence/samples.ts';

const LONG = 60_000;
const SHORT = 50;

type Granted = Extract<LeaseResult, { granted: true }>;

async function granted(leases: Leases, sessionId: string, owner: string, ttlMs = LONG): Promise<Granted> {
  const lease = await leases.acquire(sessionId, owner, ttlMs);
  assert.ok(lease.granted, `the lease was not granted to ${owner}`);
  return lease;
}

async function refusedTo(leases: Leases, sessionId: string, owner: string) {
  const lease = await leases.acquire(sessionId, owner, LONG);
  assert.ok(!lease.granted, `the lease was granted to ${owner} while another held it`);
  return lease;
}

/** Three names that no other case has. */
const names = () => ({ sessionId: newId('session'), anna: newId('anna'), bert: newId('bert') });

/** What is asked of leases. */
export const leaseCases: readonly Case<StoreContext<LeaseStore>>[] = [
  {
    id: 'lease-exclusive',
    title: 'while one holds a session another is told who, and until when',
    async run({ adapter: { leases } }) {
      const { sessionId, anna, bert } = names();
      const lease = await granted(leases, sessionId, anna);
      assert.ok(
        Number.isInteger(lease.epoch) && lease.epoch > 0,
        `epoch ${lease.epoch} is not a positive integer`,
      );
      const refusal = await refusedTo(leases, sessionId, bert);
      assert.equal(refusal.owner, anna);
      assertSame(Date.parse(refusal.expiresAt), Date.parse(lease.expiresAt), 'the end of the lease');
    },
  },
  {
    // [LAW-08-one-owner]
    id: 'lease-one-winner',
    title: 'of many that ask at once one gets the session',
    async run({ adapter: { leases } }) {
      const { sessionId } = names();
      const owners = Array.from({ length: 10 }, () => newId('owner'));
      const answers = await Promise.all(owners.map((owner) => leases.acquire(sessionId, owner, LONG)));
      assert.equal(answers.filter((answer) => answer.granted).length, 1);
    },
  },
  {
    id: 'lease-holder-again',
    title: 'the holder that asks again gets a new epoch, and its old one is void',
    async run({ adapter: { leases } }) {
      const { sessionId, anna } = names();
      const first = await granted(leases, sessionId, anna);
      const second = await granted(leases, sessionId, anna);
      assert.ok(second.epoch > first.epoch, `epoch ${second.epoch} does not follow ${first.epoch}`);
      assertSame(
        await leases.renew(anna, [{ sessionId, epoch: first.epoch }], LONG),
        [sessionId],
        'what is lost',
      );
      assertSame(await leases.renew(anna, [{ sessionId, epoch: second.epoch }], LONG), [], 'what is lost');
    },
  },
  {
    id: 'lease-sessions-apart',
    title: 'sessions are held one by one',
    async run({ adapter: { leases } }) {
      const { sessionId, anna, bert } = names();
      await granted(leases, sessionId, anna);
      await granted(leases, newId('session'), bert);
      await refusedTo(leases, sessionId, bert);
    },
  },
  {
    id: 'lease-expires',
    title: 'a lease that ran out goes to another, with a higher epoch, and is lost to the first',
    async run({ adapter: { leases } }) {
      const { sessionId, anna, bert } = names();
      const first = await granted(leases, sessionId, anna, SHORT);
      const second = await eventually(async () => {
        const lease = await leases.acquire(sessionId, bert, LONG);
        return lease.granted ? lease : undefined;
      }, 'the lease is granted to another');
      assert.ok(second.epoch > first.epoch, `epoch ${second.epoch} does not follow ${first.epoch}`);
      assertSame(
        await leases.renew(anna, [{ sessionId, epoch: first.epoch }], LONG),
        [sessionId],
        'what is lost',
      );
      await refusedTo(leases, sessionId, anna);
    },
  },
  {
    id: 'lease-renew',
    title: 'renewing extends what is still held, and names what is not',
    async run({ adapter: { leases } }) {
      const { sessionId, anna, bert } = names();
      const [foreign, unknown] = [newId('session'), newId('session')];
      const { epoch, expiresAt } = await granted(leases, sessionId, anna, LONG);
      const other = await granted(leases, foreign, bert);
      const asked = [
        { sessionId, epoch },
        { sessionId: foreign, epoch: other.epoch },
        { sessionId: unknown, epoch: 1 },
      ];
      const lost = await leases.renew(anna, asked, LONG * 10);
      assertSame([...lost].sort(), [foreign, unknown].sort(), 'what is lost');
      const refusal = await refusedTo(leases, sessionId, bert);
      assert.ok(Date.parse(refusal.expiresAt) > Date.parse(expiresAt), 'the lease was not extended');
      assertSame(await leases.renew(anna, [], LONG), [], 'what is lost of nothing');
    },
  },
  {
    id: 'lease-release',
    title: 'a released session goes to another at once, with a higher epoch',
    async run({ adapter: { leases } }) {
      const { sessionId, anna, bert } = names();
      const first = await granted(leases, sessionId, anna);
      await leases.release(sessionId, anna, first.epoch);
      await leases.release(sessionId, anna, first.epoch);
      assertSame(
        await leases.renew(anna, [{ sessionId, epoch: first.epoch }], LONG),
        [sessionId],
        'what is lost',
      );
      const second = await granted(leases, sessionId, bert);
      assert.ok(second.epoch > first.epoch, `epoch ${second.epoch} does not follow ${first.epoch}`);
    },
  },
  {
    id: 'lease-release-stale',
    title: 'releasing with an old epoch, or what another holds, changes nothing',
    async run({ adapter: { leases } }) {
      const { sessionId, anna, bert } = names();
      const old = await granted(leases, sessionId, anna);
      const current = await granted(leases, sessionId, anna);
      await leases.release(sessionId, anna, old.epoch);
      await leases.release(sessionId, bert, current.epoch);
      await leases.release(newId('session'), anna, 1);
      await refusedTo(leases, sessionId, bert);
      assertSame(await leases.renew(anna, [{ sessionId, epoch: current.epoch }], LONG), [], 'what is lost');
    },
  },
  {
    id: 'lease-epoch-after-delete',
    title: 'the epoch of a session that was deleted and made again still grows',
    needs: ({ adapter }) => (adapter.deleteSession ? undefined : 'the adapter has no deleteSession'),
    async run({ adapter }) {
      const { sessionId, anna } = names();
      const first = await granted(adapter.leases, sessionId, anna);
      await adapter.deleteSession?.(sessionId, { epoch: first.epoch });
      const second = await granted(adapter.leases, sessionId, anna);
      assert.ok(second.epoch > first.epoch, `epoch ${second.epoch} does not follow ${first.epoch}`);
    },
  },
  {
    id: 'lease-epoch-after-reopen',
    title: 'the epoch goes on growing when the store is opened again',
    needs: needsReopen,
    async run(context) {
      const { sessionId, anna, bert } = names();
      const first = await granted(context.adapter.leases, sessionId, anna, SHORT);
      const { leases } = (await context.reopen?.()) ?? context.adapter;
      const second = await eventually(async () => {
        const lease = await leases.acquire(sessionId, bert, LONG);
        return lease.granted ? lease : undefined;
      }, 'the lease is granted to another');
      assert.ok(second.epoch > first.epoch, `epoch ${second.epoch} does not follow ${first.epoch}`);
    },
  },
];
