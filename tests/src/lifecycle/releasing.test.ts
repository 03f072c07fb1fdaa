import { join } from 'node:path';
import { plainProcesses } from '@hhopkins/agent-sandbox-local';
import { describe, expect } from 'vitest';
import { eventually, TOGETHER } from '../harness/deadline.ts';
import { ISOLATIONS } from '../harness/place.ts';
import { test } from '../harness/test.ts';

describe.each(ISOLATIONS)('a %s sandbox that is being given back', TOGETHER, (sandbox) => {
  test('is shown so; a message that comes then gets a new one [LIFE-releasing]', async ({ open }) => {
    const place = await open({ sandbox, agent: 'scripted', environment: { IDLE_TIMEOUT_MS: '500' } });
    await place.start();
    const { id, seen, turn } = await place.session();
    await turn('say before');
    for (let round = 0; round < 3; round += 1) {
      const after = seen.cursor?.seq ?? 0;
      const releasing = await seen.until('sandbox:releasing', ({ seq }) => seq > after);
      expect(releasing.payload.reason).toBe('idle');
      const { turnId } = await place.rest.send(id, `say again ${round}`);
      expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');
      const started = await seen.until('turn:started', ({ payload }) => payload.turnId === turnId);
      const ready = await seen.until('sandbox:ready', ({ seq }) => seq > releasing.seq);
      expect(ready.seq).toBeLessThan(started.seq);
      expect(ready.payload.sandboxId).not.toBe(releasing.payload.sandboxId);
    }
  });
});

describe('sandboxes that nobody claims', TOGETHER, () => {
  test('are ended when they are old and of this deployment, and no others [LIFE-orphans-reaped]', async ({
    open,
  }) => {
    const settings = { orphanGraceMs: 2000, reapIntervalMs: 500 };
    const place = await open({ sandbox: 'plain', agent: 'scripted', settings });
    await place.start();
    const { id, turn } = await place.session();
    await turn('say hello');
    const provider = plainProcesses({ directory: join(place.dataDirectory, 'sandboxes') });
    const [claimed] = await provider.list({ labels: { session: id } });
    const { deployment = '' } = claimed?.labels ?? {};
    const make = (of: string, nonce: string) =>
      provider.create({ labels: { deployment: of, session: 'gone', nonce }, network: 'open' });
    const foreign = await make('of-another-deployment', 'one');
    await make(deployment, 'two');

    const left = async () => (await provider.list({ labels: {} })).map((each) => each.id).sort();
    await eventually('the orphan gone', async () => (await left()).length === 2);
    expect(await left()).toEqual([claimed?.id, foreign.id].sort());
    // A younger orphan goes after its own time; the other two have outlived that too then.
    const younger = await make(deployment, 'three');
    await eventually('the younger orphan gone', async () => !(await left()).includes(younger.id));
    expect(await left()).toEqual([claimed?.id, foreign.id].sort());
    expect((await turn('say still here')).type).toBe('turn:completed');
    await foreign.terminate();
  });
});
