import { appendFileSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { RunnerCommand } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { useFolders } from '../../test/support/files.ts';
import { openInbox } from './inbox.ts';

const makeFolder = useFolders();
const command = (commandId: string, content = 'hello'): RunnerCommand => ({
  type: 'turn',
  commandId,
  turnId: `turn-${commandId}`,
  messageId: `message-${commandId}`,
  content,
});

describe('the inbox', () => {
  it('takes each id once, also when it is sent twice at the same time', async () => {
    const inbox = await openInbox(join(makeFolder(), 'inbox'));
    const answers = await Promise.all([inbox.take(command('a')), inbox.take(command('a'))]);
    expect(answers).toEqual(['new', 'known']);
    expect(await inbox.take(command('a'))).toBe('known');
    await inbox.ended('a');
    expect(await inbox.take(command('a'))).toBe('known');
    await inbox.close();
  });

  it('is rebuilt with the state of every command', async () => {
    const path = join(makeFolder(), 'inbox');
    const first = await openInbox(path);
    for (const id of ['a', 'b', 'c']) await first.take(command(id));
    await first.started('a');
    await first.ended('a');
    await first.started('b');
    const second = await openInbox(path);
    expect(second.open()).toEqual([
      { command: command('b'), state: 'started' },
      { command: command('c'), state: 'taken' },
    ]);
    expect(second.knows('a')).toBe(true);
    await Promise.all([first.close(), second.close()]);
  });

  it('has a command on disk when it is taken', async () => {
    const path = join(makeFolder(), 'inbox');
    const inbox = await openInbox(path);
    await inbox.take(command('a'));
    expect(readFileSync(path, 'utf8')).toContain('"commandId":"a"');
    await inbox.close();
  });

  it('torn at any byte has every command of a whole line, and takes others behind it', async () => {
    const path = join(makeFolder(), 'inbox');
    const first = await openInbox(path);
    await first.take(command('a'));
    const whole = statSync(path).size;
    await first.take(command('b'));
    await first.close();
    const content = readFileSync(path, 'utf8');
    for (let size = whole; size < content.length; size += 7) {
      appendFileSync(path, content.slice(statSync(path).size));
      truncateSync(path, size);
      const torn = await openInbox(path);
      expect(torn.open().map((each) => each.command.commandId)).toEqual(['a']);
      expect(await torn.take(command('c'))).toBe('new');
      await torn.close();
      const again = await openInbox(path);
      expect(again.open()).toHaveLength(2);
      await again.close();
      truncateSync(path, 0);
      appendFileSync(path, content);
    }
  });

  it('does not grow with what has ended', async () => {
    const path = join(makeFolder(), 'inbox');
    const inbox = await openInbox(path);
    const large = 'x'.repeat(1024 * 1024);
    for (let index = 0; index < 20; index += 1) {
      await inbox.take(command(`${index}`, large));
      await inbox.ended(`${index}`);
    }
    expect(statSync(path).size).toBeLessThan(12 * 1024 * 1024);
    await inbox.close();
    const reopened = await openInbox(path);
    expect(statSync(path).size).toBeLessThan(10 * 1024);
    expect(reopened.knows('0')).toBe(true);
    await reopened.close();
  });

  it('refuses more when very many are open', async () => {
    const inbox = await openInbox(join(makeFolder(), 'inbox'));
    const takes = Array.from({ length: 1_001 }, (_, index) => inbox.take(command(`${index}`)));
    const results = await Promise.allSettled(takes);
    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
    expect(results.at(-1)).toMatchObject({ reason: { code: 'capacity' } });
    await inbox.close();
  });
});
