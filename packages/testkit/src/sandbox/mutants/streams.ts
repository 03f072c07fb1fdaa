import { Buffer } from 'node:buffer';
import { collect } from '../programs.ts';
import { hanging, processMutant, type SandboxMutant } from './mutant.ts';

async function* concatenated(...streams: AsyncIterable<Uint8Array>[]): AsyncIterable<Uint8Array> {
  for (const stream of streams) yield* stream;
}

async function* mapped(
  stream: AsyncIterable<Uint8Array>,
  change: (chunk: Uint8Array) => Uint8Array,
): AsyncIterable<Uint8Array> {
  for await (const chunk of stream) yield change(chunk);
}

async function* nothing(): AsyncIterable<Uint8Array> {}

/** Reads at once, whether or not anybody takes it. */
function hoarded(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const all = collect(stream);
  return mapped(
    (async function* () {
      yield await all;
    })(),
    (chunk) => chunk,
  );
}

export const streamMutants: readonly SandboxMutant[] = [
  processMutant('merges stderr into stdout', 'stdout-and-stderr-are-separate', ({ stdout, stderr }) => ({
    stdout: concatenated(stdout, stderr),
    stderr: nothing(),
  })),
  processMutant('takes output for text', 'all-bytes-pass-unchanged', ({ stdout }) => ({
    stdout: mapped(stdout, (chunk) => Buffer.from(Buffer.from(chunk).toString('utf8'))),
  })),
  processMutant('loses a byte at the border of chunks', 'large-streams-keep-every-byte', ({ stdout }) => ({
    stdout: mapped(stdout, (chunk) => (chunk.length > 4096 ? chunk.subarray(0, -1) : chunk)),
  })),
  processMutant('writes out of order', 'large-streams-keep-every-byte', ({ stdin }) => ({
    stdin: {
      ...stdin,
      write: async (data) => {
        if (data.length % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
        await stdin.write(data);
      },
    },
  })),
  processMutant(
    'drops the output of a program that ended',
    'output-is-complete-when-a-program-ended',
    (process) => {
      let ended = false;
      void process.exit.then(() => {
        ended = true;
      });
      const { stdout } = process;
      return {
        stdout: (async function* () {
          if (!ended) yield* stdout;
        })(),
      };
    },
  ),
  hanging(
    processMutant('holds stdin until it is closed', 'stdin-arrives-before-its-end', ({ stdin }) => {
      const held: Uint8Array[] = [];
      return {
        stdin: {
          write: async (data) => void held.push(data),
          close: async () => {
            await stdin.write(Buffer.concat(held));
            await stdin.close();
          },
        },
      };
    }),
  ),
  hanging(
    processMutant('drops the end of stdin', 'stdin-can-be-half-closed', ({ stdin }) => ({
      stdin: { ...stdin, close: async () => {} },
    })),
  ),
  processMutant('takes writes that nobody reads', 'writing-to-an-ended-program-rejects', ({ stdin }) => ({
    stdin: {
      ...stdin,
      write: async (data) => {
        await stdin.write(data).catch(() => {});
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
  })),
  processMutant('hoards unread output', 'unread-output-holds-back-its-program-only', ({ stdout }) => ({
    stdout: hoarded(stdout),
  })),
  hanging(
    processMutant('keeps stdin open when detached', 'detaching-ends-stdin-and-leaves-the-program', () => ({
      detach: () => {},
    })),
  ),
  hanging(
    processMutant('blocks when a reader leaves early', 'a-reader-may-leave-early', ({ stdout }) => ({
      stdout: {
        [Symbol.asyncIterator]: () => {
          const iterator = stdout[Symbol.asyncIterator]();
          return { next: () => iterator.next() };
        },
      },
    })),
  ),
  hanging(
    processMutant(
      'waits for the end of the output with the exit',
      'a-program-may-leave-others-behind',
      (process) => {
        const output = Promise.all([collect(process.stdout), collect(process.stderr)]);
        return { stdout: nothing(), stderr: nothing(), exit: output.then(() => process.exit) };
      },
    ),
  ),
];
