import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { ORPHAN_TTL_MS } from './host.ts';

export interface OtherServer {
  relayPid: number;
  /** As `kill -9` does: it can do nothing about it. */
  kill(): Promise<void>;
}

/** Starts another server, and waits until it has a relay. */
export async function startOtherServer(directory: string, orphanTtlMs = ORPHAN_TTL_MS): Promise<OtherServer> {
  const file = fileURLToPath(new URL('./other-server.ts', import.meta.url));
  const argv = ['--conditions=@hhopkins/source', file, directory, String(orphanTtlMs)];
  const child: ChildProcess = spawn(process.execPath, argv, {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const [printed] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { relayPid: Number(String(printed)), kill };
}
