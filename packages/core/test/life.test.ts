import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SANDBOX_EXITS, SESSION_EXITS } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../src/settings.ts';

const page = readFileSync(join(import.meta.dirname, '../../../PROTOCOL.md'), 'utf8');
const life = page.slice(page.indexOf('## The life of a session'), page.indexOf('## Cursors, resets, floors'));

/** Rows of the table whose first column is headed so, by their first cell. */
function rowsOf(heading: string): Map<string, string[]> {
  const [, table = ''] = life.split(`| \`${heading}\` |`);
  const rows = table.split('\n\n')[0]?.split('\n').slice(2) ?? [];
  const cells = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return new Map(cells.flatMap(([name = '', ...rest]) => (name ? [[name.replaceAll('`', ''), rest]] : [])));
}
const named = (cell = '') => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name);

// [LIFE-every-wait-bounded]
describe('the page on the life of a session', () => {
  it.each([
    ['status', SESSION_EXITS],
    ['sandbox.status', SANDBOX_EXITS],
  ] as const)('tells every exit of every %s', (heading, exits) => {
    const told = [...rowsOf(heading)].map(([status, [, becomes]]) => [status, named(becomes)]);
    expect(Object.fromEntries(told)).toEqual(exits);
  });

  it('names settings that exist, with their defaults', () => {
    const units: Record<string, number> = { s: 1000, min: 60_000, h: 3_600_000 };
    const told = [...life.matchAll(/`(\w+Ms)` \((\d+) (s|min|h)\)/g)];
    expect(told.length).toBeGreaterThan(5);
    for (const [, setting = '', amount, unit = ''] of told)
      expect(DEFAULT_SETTINGS, setting).toMatchObject({ [setting]: Number(amount) * (units[unit] ?? 0) });
  });
});
