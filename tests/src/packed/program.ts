import { spawn } from 'node:child_process';
import { within } from '../harness/deadline.ts';
import type { NodeRuntime } from './nodes.ts';

type Line = { type?: string } & Record<string, unknown>;

/** A program of the consumer, which says what it does in JSON lines. */
export interface Program {
  readonly pid: number;
  /** The next line of that type, also one that it has said before it was asked for. */
  said<Said = Line>(type: string): Promise<Said>;
  /** Writes a line to its stdin. */
  tell(text: string): void;
  /** Resolves with the exit code. */
  untilEnded(): Promise<number | null>;
  output(): string;
  kill(signal?: NodeJS.Signals): void;
}

export interface ProgramOptions {
  node: NodeRuntime;
  cwd: string;
  argv: readonly string[];
  environment?: Readonly<Record<string, string>>;
}

/** Starts a program with hardly any environment: what it needs, it has to bring. */
export function startProgram({ node, cwd, argv, environment }: ProgramOptions): Program {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(node.file, argv, { cwd, env: { PATH, HOME, TMPDIR, ...environment } });
  let printed = '';
  const lines: Line[] = [];
  const listeners = new Set<() => void>();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
    const complete = (rest + chunk).split('\n');
    rest = complete.pop() ?? '';
    for (const line of complete) if (line.startsWith('{')) lines.push(JSON.parse(line) as Line);
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));

  return {
    pid: child.pid ?? 0,
    output: () => printed,
    untilEnded: () => within(`${argv.join(' ')} ends`, ended, { detail: () => printed }),
    tell: (text) => void child.stdin.write(`${text}\n`),
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    said<Said>(type: string) {
      const found = new Promise<Said>((resolve, reject) => {
        const look = () => {
          const index = lines.findIndex((line) => line.type === type);
          if (index < 0) return;
          listeners.delete(look);
          resolve(lines.splice(index, 1)[0] as Said);
        };
        listeners.add(look);
        look();
        void ended.then((code) =>
          reject(new Error(`it ended with ${code} without saying "${type}":\n${printed}`)),
        );
      });
      return within(`${argv.join(' ')} says "${type}"`, found, { detail: () => printed });
    },
  };
}
