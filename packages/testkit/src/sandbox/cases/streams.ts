import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Case } from '../../kit.ts';
import type { SandboxContext } from '../context.ts';
import { collect, finish, flood, reader, runScript, startScript, untilFile } from '../programs.ts';

/** Not a multiple of any usual buffer's size. */
const LARGE_BYTES = 5 * 1024 * 1024 + 4321;

const ECHO = 'process.stdin.pipe(process.stdout)';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Every byte has another value than its neighbours and than the same place of any other 64 KiB. */
function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let index = 0; index < size; index += 1)
    bytes[index] = (index * 31 + (index >> 8) * 7 + (index >> 16)) & 0xff;
  return bytes;
}

export const streamCases: readonly Case<SandboxContext>[] = [
  {
    id: 'stdout-and-stderr-are-separate',
    title: 'gives what a program writes to stdout and to stderr apart',
    async run({ create }) {
      const { stdout, stderr } = await runScript(
        await create(),
        `process.stdout.write('to stdout'); process.stderr.write('to stderr');`,
      );
      assert.equal(stdout.toString(), 'to stdout');
      assert.equal(stderr.toString(), 'to stderr');
    },
  },
  {
    id: 'all-bytes-pass-unchanged',
    title: 'passes every byte value unchanged, in and out, on stdout and stderr',
    async run({ create }) {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
      const script = `process.stdin.on('data', (data) => { process.stdout.write(data); process.stderr.write(data); });`;
      const { stdout, stderr } = await runScript(await create(), script, [], { input: bytes });
      assert.deepEqual([...stdout], [...bytes]);
      assert.deepEqual([...stderr], [...bytes]);
    },
  },
  {
    id: 'large-streams-keep-every-byte',
    title: 'carries several MiB in and out without losing, doubling or reordering a byte',
    async run({ create }) {
      const bytes = pattern(LARGE_BYTES);
      const process = await startScript(await create(), ECHO);
      const fed = (async () => {
        // Sizes that are no divisor of any buffer, and all at once to see that the order of calls is kept.
        const writes: Promise<void>[] = [];
        for (
          let offset = 0, size = 1;
          offset < bytes.length;
          offset += size, size = (size * 3 + 1) % 200_003
        ) {
          writes.push(process.stdin.write(bytes.subarray(offset, offset + size)));
        }
        await Promise.all(writes);
        await process.stdin.close();
      })();
      const [stdout, exit] = await Promise.all([collect(process.stdout), process.exit, fed]);
      assert.equal(stdout.length, bytes.length);
      assert.equal(hash(stdout), hash(bytes));
      assert.equal(exit.code, 0);
    },
  },
  {
    id: 'output-is-complete-when-a-program-ended',
    title: 'still gives all output of a program that has ended before it was read',
    async run({ create }) {
      const sandbox = await create();
      const script = `process.stdout.write('x'.repeat(50_000)); process.stderr.write('y'.repeat(50_000));`;
      const process = await startScript(sandbox, script);
      await process.stdin.close();
      const exit = await process.exit;
      assert.equal(exit.code, 0);
      const [stdout, stderr] = await Promise.all([collect(process.stdout), collect(process.stderr)]);
      assert.equal(stdout.toString(), 'x'.repeat(50_000));
      assert.equal(stderr.toString(), 'y'.repeat(50_000));
    },
  },
  {
    id: 'stdin-arrives-before-its-end',
    title: 'hands bytes to a program while its stdin is still open',
    async run({ create }) {
      const process = await startScript(await create(), ECHO);
      const output = reader(process.stdout);
      await process.stdin.write(Buffer.from('first'));
      await output.until('first');
      await process.stdin.write(Buffer.from('second'));
      await output.until('second');
      await process.stdin.close();
      assert.equal((await process.exit).code, 0);
    },
  },
  {
    id: 'stdin-can-be-half-closed',
    title: 'ends stdin on its own, and the program can still answer',
    async run({ create }) {
      const script = `let size = 0;
        process.stdin.on('data', (data) => { size += data.length; });
        process.stdin.on('end', () => process.stdout.write('read ' + size + ' bytes'));`;
      const { stdout, exit } = await runScript(await create(), script, [], { input: Buffer.alloc(1000) });
      assert.equal(stdout.toString(), 'read 1000 bytes');
      assert.equal(exit.code, 0);
    },
  },
  {
    id: 'writing-to-an-ended-program-rejects',
    title: 'rejects writes with connection_lost when nobody reads stdin any more',
    async run({ create }) {
      const process = await startScript(await create(), 'process.exit(0)');
      await process.exit;
      await assert.rejects(flood(process), { code: 'connection_lost' });
    },
  },
  {
    id: 'unread-output-holds-back-its-program-only',
    title: 'holds a program back while its stdout is not read, and neither its stderr nor other programs',
    async run({ create }) {
      const sandbox = await create();
      const size = 64 * 1024 * 1024;
      const progress = `${sandbox.layout.state}/progress`;
      const script = `const fs = require('node:fs');
        const chunk = Buffer.alloc(1 << 19, 'z');
        let written = 0;
        const more = () => {
          fs.writeFileSync(process.argv[1], String(written += chunk.length));
          written <= ${size} ? process.stdout.write(chunk, more) : process.exit(0);
        };
        process.stderr.write('begun', more);`;
      const flooding = await startScript(sandbox, script, [progress]);
      await reader(flooding.stderr).until('begun');
      const { stdout } = await runScript(sandbox, ECHO, [], { input: pattern(LARGE_BYTES) });
      assert.equal(stdout.length, LARGE_BYTES, 'another program is not held back');

      const read = `process.stdout.write(require('node:fs').readFileSync(process.argv[1]))`;
      const seen: number[] = [];
      const rests = () => seen.length >= 5 && new Set(seen.slice(-5)).size === 1;
      while (!rests()) seen.push(Number((await runScript(sandbox, read, [progress])).stdout.toString()));
      assert.ok((seen.at(-1) ?? 0) <= size / 2, `nobody read, and yet it could write ${seen.at(-1)} bytes`);

      assert.equal((await collect(flooding.stdout)).length, size);
      assert.equal((await flooding.exit).code, 0);
    },
  },
  {
    id: 'detaching-ends-stdin-and-leaves-the-program',
    title: 'lets go of a program: it sees the end of its stdin and may go on, even writing',
    async run({ create }) {
      const sandbox = await create();
      const file = `${sandbox.layout.state}/went-on`;
      const script = `const fs = require('node:fs');
        process.stdin.on('data', (data) => process.stdout.write('got ' + data)).on('end', () => {
          process.stdout.write('x'.repeat(5_000_000), () => fs.writeFileSync(process.argv[1], 'done'));
        });`;
      const process = await startScript(sandbox, script, [file]);
      await process.stdin.write(Buffer.from('it'));
      await reader(process.stdout).until('got it');
      process.detach();
      await untilFile(sandbox, file);
      const exit = await process.exit;
      assert.equal(exit.reason, 'lost');
    },
  },
  {
    id: 'a-reader-may-leave-early',
    title: 'does not block a program whose reader stopped iterating',
    async run({ create }) {
      const process = await startScript(await create(), `process.stdout.write('x'.repeat(5_000_000))`);
      await process.stdin.close();
      for await (const _ of process.stdout) break;
      assert.equal((await process.exit).code, 0);
      assert.equal((await collect(process.stderr)).length, 0);
    },
  },
  {
    id: 'programs-run-at-the-same-time',
    title: 'runs programs at the same time, each with its own streams',
    async run({ create }) {
      const sandbox = await create();
      const processes = await Promise.all(Array.from({ length: 6 }, () => startScript(sandbox, ECHO)));
      const answers = processes.map((process) => reader(process.stdout));
      // All are alive at once: each is asked while none has been told to end.
      for (const [index, process] of processes.entries()) {
        await process.stdin.write(Buffer.from(`number ${index}`));
        assert.equal(await answers[index]?.until(`number ${index}`), `number ${index}`);
      }
      for (const process of processes) await process.stdin.close();
      const exits = await Promise.all(processes.map((process) => process.exit));
      assert.deepEqual(new Set(exits.map(({ code }) => code)), new Set([0]));
    },
  },
  {
    id: 'a-program-may-leave-others-behind',
    title: 'tells the end of a program although another that it started still holds its output',
    async run({ create }) {
      const script = `const { spawn } = require('node:child_process');
        const left = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 1, 2], detached: true });
        left.on('spawn', () => process.exit(4));`;
      const holding = `const { spawn } = require('node:child_process');
        const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: ['ignore', 1, 2], detached: true });
        left.on('spawn', () => process.exit(4));`;
      const sandbox = await create();
      for (const each of [script, holding]) {
        const process = await startScript(sandbox, each);
        const { code } = await process.exit;
        assert.equal(code, 4);
        process.detach();
      }
      assert.equal((await finish(await startScript(sandbox, 'process.exit(0)'))).exit.code, 0);
    },
  },
];
