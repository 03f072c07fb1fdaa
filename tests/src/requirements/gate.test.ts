import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requirements } from '../../requirements.ts';
import { citationsIn, collectCitations } from './citations.ts';
import { faultsOf } from './gate.ts';
import { LAWS } from './laws.ts';

const root = join(import.meta.dirname, '../../..');

describe('every promise', () => {
  it('is proved by a test, or says why not yet', () => {
    expect(faultsOf(requirements, collectCitations(root))).toEqual([]);
  });

  it('has an id that says what kind it is, and a sentence of its own', () => {
    const sentences = Object.values(requirements).map(({ says }) => says);
    expect(new Set(sentences).size).toBe(sentences.length);
    for (const id of Object.keys(requirements)) {
      expect(citationsIn('a.test.ts', `it('shows it [${id}]', () => {})`)).toEqual([
        { id, at: 'a.test.ts:1' },
      ]);
    }
  });

  it('covers each of the twelve laws', () => {
    const numbers = new Set(Object.keys(LAWS).map((id) => Number(id.slice('LAW-'.length, 'LAW-00'.length))));
    expect([...numbers].sort((left, right) => left - right)).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
  });
});

describe('the gate', () => {
  const promise = { says: 'it holds', from: 'here' };
  const cite = (id: string) => ({ id, at: 'a.test.ts:1' });

  it('passes when every promise is proved', () => {
    expect(faultsOf({ 'LAW-01-x': promise }, [cite('LAW-01-x')])).toEqual([]);
  });

  it('fails on a promise that nothing proves', () => {
    expect(faultsOf({ 'LAW-01-x': promise, 'LAW-02-y': promise }, [cite('LAW-02-y')])).toEqual([
      'LAW-01-x: no test proves that it holds',
    ]);
  });

  it('fails on a citation of what was never promised', () => {
    expect(faultsOf({}, [cite('LAW-01-typo')])).toEqual([expect.stringContaining('no such requirement')]);
  });

  it('fails on a promise put off that is proved by now', () => {
    const faults = faultsOf({ 'DIES-x': { ...promise, later: 'needs a cluster' } }, [cite('DIES-x')]);
    expect(faults).toEqual([expect.stringContaining('no longer "later"')]);
  });

  it('fails on a promise put off without a reason', () => {
    expect(faultsOf({ 'DIES-x': { ...promise, later: ' ' } }, [])).toEqual([
      'DIES-x: "later" needs a reason',
    ]);
  });
});

describe('a citation', () => {
  it.each([
    ['in a title', `it('is exact [LAW-03-x]', () => {});`],
    ['in a comment above a test', `// [LAW-03-x]\n// and why\nit('is exact', () => {});`],
    ['at a case of a kit', `/** [LAW-03-x] */\nconst exact: Case<Store> = {\n  id: 'exact',`],
  ])('counts %s', (_, source) => {
    expect(citationsIn('a.test.ts', source).map(({ id }) => id)).toEqual(['LAW-03-x']);
  });

  it.each([
    ['of a skipped test', `it.skip('is exact [LAW-03-x]', () => {});`],
    ['above a test still to be written', `// [LAW-03-x]\nit.todo('is exact');`],
    ['above a skipped group', `// [LAW-03-x]\ndescribe.skip('cursors', () => {});`],
    ['without brackets', `// LAW-03-x\nit('is exact', () => {});`],
  ])('does not count %s', (_, source) => {
    expect(citationsIn('a.test.ts', source)).toEqual([]);
  });

  it('is found in tests that git does not know yet, and not in what it ignores', () => {
    const folder = mkdtempSync(join(tmpdir(), 'citations-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync('git', ['init', '--quiet'], { cwd: folder });
    writeFileSync(join(folder, '.gitignore'), 'ignored.test.ts\n');
    for (const name of ['new.test.ts', 'ignored.test.ts', 'source.ts']) {
      writeFileSync(join(folder, name), `it('is exact [LAW-03-x]', () => {});\n`);
    }
    expect(collectCitations(folder)).toEqual([{ id: 'LAW-03-x', at: 'new.test.ts:1' }]);
  });
});
