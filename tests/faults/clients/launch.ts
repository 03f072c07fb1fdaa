import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Broken, stuck } from '../finding.ts';
import type { ClientNote, ClientOrder, ClientSetting } from './notes.ts';
import { openRecordingClient } from './recording-client.ts';

/** A client that runs. */
export interface RunningClient {
  order(order: ClientOrder): void;
  /** `kill -9`; whatever it had written down until then is told before this resolves. */
  kill(): Promise<void>;
  /** @throws Broken when something keeps it running */
  close(): Promise<void>;
}

export type LaunchClient = (setting: ClientSetting, tell: (note: ClientNote) => void) => RunningClient;

const PROGRAM = join(import.meta.dirname, '../programs/client.ts');
const LOOK_MS = 20;
const CLOSE_MS = 15_000;

/** A client within the harness. */
export const launchHere: LaunchClient = (setting, tell) => {
  const client = openRecordingClient(setting, tell);
  return {
    order: client.take,
    kill: () => Promise.reject(new Error('a client within the harness cannot be killed')),
    close: async () => client.close(),
  };
};

/**
 * Clients as processes of their own.
 * @param folder for what they write down
 * @param temporaryDirectory by which they are known as the scene's
 */
export function launchProcesses(folder: string, temporaryDirectory: string): LaunchClient {
  let launched = 0;
  return (setting, tell) => {
    launched += 1;
    const record = join(folder, `client-${launched}-${setting.sessionId}.jsonl`);
    writeFileSync(record, '');
    const child = spawn(process.execPath, ['--conditions=@hhopkins/source', PROGRAM], {
      env: {
        PATH: process.env.PATH,
        TMPDIR: temporaryDirectory,
        FAULTS_CLIENT: JSON.stringify(setting),
        FAULTS_RECORD: record,
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = `${said}${chunk}`.slice(-4000);
    });
    // Orders to one that was killed go nowhere.
    child.stdin.on('error', () => {});
    const readOn = tail(record, (line) => tell(JSON.parse(line) as ClientNote));
    const looking = setInterval(readOn, LOOK_MS);
    let expected = false;
    const ended = new Promise<void>((resolve) => {
      child.once('close', (code, signal) => {
        clearInterval(looking);
        readOn();
        if (!expected) tell({ note: 'complaint', what: `the client ended with ${code ?? signal}: ${said}` });
        resolve();
      });
    });
    return {
      order: (order) => child.stdin.write(`${JSON.stringify(order)}\n`),
      async kill() {
        expected = true;
        child.kill('SIGKILL');
        await ended;
      },
      async close() {
        expected = true;
        child.stdin.end();
        const late = pause(CLOSE_MS, 'late', { ref: false });
        if ((await Promise.race([ended, late])) !== 'late') return;
        child.kill('SIGKILL');
        throw new Broken(stuck(`a client that was closed still ran after ${CLOSE_MS} ms`));
      },
    };
  };
}

/** Returns what tells every line that is whole by now and was not told before. */
function tail(path: string, tell: (line: string) => void): () => void {
  let offset = 0;
  let rest = Buffer.alloc(0);
  const piece = Buffer.alloc(256 * 1024);
  return () => {
    const file = openSync(path, 'r');
    try {
      for (;;) {
        const bytes = readSync(file, piece, 0, piece.length, offset);
        if (bytes === 0) break;
        offset += bytes;
        rest = Buffer.concat([rest, piece.subarray(0, bytes)]);
        const end = rest.lastIndexOf('\n');
        if (end === -1) continue;
        const lines = rest.subarray(0, end).toString('utf8').split('\n');
        rest = rest.subarray(end + 1);
        for (const line of lines) tell(line);
      }
    } finally {
      closeSync(file);
    }
  };
}
