import { describe, expect, test } from 'vitest';
import { type Case, runCases } from '../src/kit.ts';

interface Context {
  closed: boolean;
}

const passing: Case<Context> = { id: 'passes', title: 'passes', run: async () => {} };
const failing: Case<Context> = {
  id: 'fails',
  title: 'fails',
  run: async () => {
    throw new Error('missing');
  },
};
const open = async (): Promise<Context> => ({ closed: false });

describe('runCases', () => {
  test('tells what passed, what failed and with what', async () => {
    const results = await runCases([passing, failing], { open });
    expect(results).toEqual([
      { id: 'passes', outcome: 'passed' },
      { id: 'fails', outcome: 'failed', error: new Error('missing') },
    ]);
  });

  test('runs only the cases that were asked for, and refuses ids that no case has', async () => {
    expect(await runCases([passing, failing], { open }, { only: ['passes'] })).toHaveLength(1);
    await expect(runCases([passing], { open }, { only: ['renamed'] })).rejects.toThrow('renamed');
  });

  test('refuses two cases with one id', async () => {
    await expect(runCases([passing, passing], { open })).rejects.toThrow('passes');
  });

  test('gives every case a context of its own and closes it, also when the case failed', async () => {
    const contexts: Context[] = [];
    await runCases([passing, failing], {
      async open() {
        const context = await open();
        contexts.push(context);
        return context;
      },
      async close(context) {
        context.closed = true;
      },
    });
    expect(contexts).toEqual([{ closed: true }, { closed: true }]);
  });

  test('fails a case that does not come to an end, at its deadline', async () => {
    const hanging: Case<Context> = {
      ...passing,
      id: 'hangs',
      run: () => new Promise(() => {}),
      timeoutMs: 20,
    };
    const [result] = await runCases([hanging], { open });
    expect(result?.outcome).toBe('failed');
    expect(String(result?.error)).toContain('hangs: not done within 20 ms');
  });

  test('fails a case whose context cannot be opened or closed', async () => {
    const broken = () => Promise.reject(new Error('broken'));
    expect(await runCases([passing], { open: broken })).toMatchObject([{ outcome: 'failed' }]);
    expect(await runCases([passing], { open, close: broken })).toMatchObject([{ outcome: 'failed' }]);
  });

  test('tells why a case was skipped, by its needs or by the caller', async () => {
    const needy: Case<Context> = { ...failing, needs: () => 'not with this one' };
    expect(await runCases([needy], { open })).toEqual([
      { id: 'fails', outcome: 'skipped', reason: 'not with this one' },
    ]);
    expect(await runCases([failing], { open }, { skip: { fails: 'known' } })).toEqual([
      { id: 'fails', outcome: 'skipped', reason: 'known' },
    ]);
  });
});
