import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const clock = new URL('./clock.ts', import.meta.url).href;

/** What a process says that does nothing but this. */
const run = (script: string): string =>
  execFileSync(
    process.execPath,
    ['--input-type=module', '--eval', `import { systemClock } from '${clock}';${script}`],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  );

it('keeps a process alive for what somebody waits for, and for nothing else', () => {
  expect(run(`systemClock.schedule(20, () => console.log('done'), { keepAlive: true });`)).toBe('done\n');
  expect(run(`systemClock.schedule(20, () => console.log('done'));`)).toBe('');
});

it('can be told to forget', () => {
  expect(run(`systemClock.schedule(20, () => console.log('done'), { keepAlive: true })();`)).toBe('');
});
