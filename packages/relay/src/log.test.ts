import { expect, it } from 'vitest';
import { createLineLog } from './log.ts';

const MINUTE_MS = 60_000;

it('leaves out what is too much for a minute, and says how much that was', () => {
  let time = 10 * MINUTE_MS;
  const lines: Record<string, unknown>[] = [];
  const log = createLineLog(
    (line) => void lines.push(JSON.parse(line)),
    () => time,
  );
  const total = 1000;
  for (let each = 0; each < total; each += 1) log('request:refused', { status: 401 });
  const written = lines.length;
  expect(written).toBeLessThan(total);
  time += MINUTE_MS;
  log('relay:closed');
  expect(lines.slice(written)).toMatchObject([
    { event: 'log:left-out', lines: total - written },
    { event: 'relay:closed', time: new Date(time).toISOString() },
  ]);
});
