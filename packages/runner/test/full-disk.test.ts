import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useBundle } from './support/bundle.ts';
import { connectEngine } from './support/engine.ts';
import { eventually, useSandboxes } from './support/sandbox.ts';

const bundle = useBundle();
const makeSandbox = useSandboxes(bundle);

/** Mounts a small disk over the folder that is its first word, where only what it then becomes sees it. */
const ON_A_SMALL_DISK = 'mount -t tmpfs -o size=6m tmpfs "$1" && shift && exec "$@"';
const mayMount = spawnSync('unshare', ['-m', 'sh', '-c', ON_A_SMALL_DISK, 'sh', '/mnt', 'true']).status === 0;

// Without the right to mount there is no small disk; `src/journal` tests the same on a disk that is played.
describe.runIf(mayMount)('a runner whose disk is full', () => {
  // [BOUND-disk-full]
  it('ends the turn as `journal_full`, and goes on once its events were taken over', async () => {
    const { state, workspace, home } = makeSandbox();
    mkdirSync(state);
    const folders = ['--state', state, '--workspace', workspace, '--home', home];
    const limits = ['--journal-bytes', `${16 * 1024 * 1024}`];
    const program = [process.execPath, bundle(), 'connect', ...folders, '--session', 'session-1', ...limits];
    const engine = connectEngine('unshare', ['-m', 'sh', '-c', ON_A_SMALL_DISK, 'sh', state, ...program]);
    const hello = await engine.hello();
    engine.attach({ id: hello.journal.id, offset: 0 });
    await engine.setup();

    await engine.turn(Array.from({ length: 60 }, () => 'output 200000').join('\n'), 'a');
    const end = await engine.event('turn:failed', 'turn-a');
    expect(end.event.payload).toMatchObject({ code: 'journal_full', retryable: true });
    const offsets = engine.events().map(({ journal }) => journal.offset);
    expect(offsets).toEqual(offsets.map((_, index) => index + 1));
    await expect(engine.turn('say too early', 'b')).rejects.toMatchObject({ code: 'journal_full' });

    engine.send({ type: 'ack', journal: end.journal });
    let tries = 0;
    await eventually('another turn is taken', () =>
      engine.turn('say on', `c${++tries}`).then(
        () => true,
        () => false,
      ),
    );
    const completed = await engine.event('turn:completed');
    expect(completed.event.turnId).toBe(`turn-c${tries}`);
    expect(completed.journal.id).toBe(hello.journal.id);
    engine.kill();
    await engine.ended;
  });
});
