import { spawn } from 'node:child_process';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { killProcess } from './end-process.ts';
import { lastLine, openLog } from './log-file.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts';
import type { HostConnection, HostProgram, Launch } from './program.ts';

const READY_DEADLINE_MS = 30_000;
const POLL_MS = 25;
const SOURCE_CONDITION = '--conditions=@hhopkins/source';

/** Where the files of a host process are. */
export interface LaunchFiles {
  record: string;
  /** What it printed since it was started. */
  output: string;
  log: string;
  lock: string;
}

export function launchFiles(directory: string, name: string): LaunchFiles {
  const file = (extension: string): string => join(directory, `${name}.${extension}`);
  return { record: file('json'), output: file('out'), log: file('log'), lock: file('lock') };
}

/** The process that was started last here, when it is alive. */
export async function readRecord({ record }: LaunchFiles): Promise<ProcessIdentity | undefined> {
  try {
    const identity = JSON.parse(await readFile(record, 'utf8')) as ProcessIdentity;
    return (await isAlive(identity)) ? identity : undefined;
  } catch {
    return undefined;
  }
}

export async function readLaunch(files: LaunchFiles): Promise<Launch> {
  const [identity, output] = await Promise.all([
    readRecord(files),
    readFile(files.output, 'utf8').catch(() => ''),
  ]);
  const [firstLine] = output.includes('\n') ? output.split('\n') : [];
  return { pid: identity?.pid, firstLine };
}

/**
 * Starts the program in a session of its own, so that it outlives this server and hears nothing of its terminal, and waits
 * until it can be reached.
 *
 * @throws `internal` when it ends before that, with the last line of its log; `timeout` when it takes too long
 */
export async function launch<Connection extends HostConnection>(
  program: HostProgram<Connection>,
  directory: string,
  environment: Readonly<Record<string, string>>,
): Promise<Connection> {
  const files = launchFiles(directory, program.name);
  const [output, log] = await Promise.all([open(files.output, 'w', 0o600), openLog(files.log)]);
  try {
    const child = spawn(process.execPath, nodeArguments(program.argv), {
      cwd: directory,
      env: { ...environment },
      detached: true,
      stdio: ['ignore', output.fd, log.fd],
    });
    let ended: string | undefined;
    child.once('exit', (code, signal) => {
      ended = signal ?? `code ${code}`;
    });
    child.once('error', (error) => {
      ended = error.message;
    });
    child.unref();
    await writeRecord(files, child.pid);
    return await reach(program, files, () => ended);
  } finally {
    await Promise.all([output.close(), log.close()]);
  }
}

async function reach<Connection extends HostConnection>(
  program: HostProgram<Connection>,
  files: LaunchFiles,
  ended: () => string | undefined,
): Promise<Connection> {
  const start = performance.now();
  for (;;) {
    const how = ended();
    if (how !== undefined) {
      const said = await lastLine(files.log);
      throw new AgentServerError(
        'internal',
        `${program.name} ended with ${how} before it was ready${said ? `: ${said}` : ''}. Its log is ${files.log}.`,
      );
    }
    try {
      return await program.connect(await readLaunch(files));
    } catch (error) {
      if (performance.now() - start > READY_DEADLINE_MS) {
        const identity = await readRecord(files);
        if (identity) await killProcess(identity);
        throw new AgentServerError(
          'timeout',
          `${program.name} was not ready in time. Its log is ${files.log}.`,
          {
            cause: error,
          },
        );
      }
    }
    await pause(POLL_MS);
  }
}

async function writeRecord(files: LaunchFiles, pid: number | undefined): Promise<void> {
  const identity = pid === undefined ? undefined : await identifyProcess(pid);
  const draft = `${files.record}.new`;
  await writeFile(draft, JSON.stringify(identity ?? null), { mode: 0o600 });
  await rename(draft, files.record);
}

/** Sources find each other by a condition that Node has to be told. */
function nodeArguments([file, ...parameters]: readonly [string, ...string[]]): string[] {
  return [...(file.endsWith('.ts') ? [SOURCE_CONDITION] : []), file, ...parameters];
}
