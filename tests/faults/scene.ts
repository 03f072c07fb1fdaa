import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FoundProcess } from '../src/harness/census.ts';
import { type RestClient, restClient } from '../src/harness/rest-client.ts';
import { type ServerProcess, startServer } from '../src/harness/server-process.ts';
import { readStore } from '../src/harness/store.ts';
import { type LaunchClient, launchProcesses } from './clients/launch.ts';
import { type Finding, lost, stuck } from './finding.ts';
import { endOwn, ownProcesses, ticksNow } from './own-processes.ts';
import { type NetworkProxy, openProxy } from './proxy.ts';
import type { Sabotage } from './sabotage.ts';
import { type FaultSession, openSession } from './session.ts';
import type { AuditLine, StoreFault } from './store-fault.ts';
import { until } from './wait.ts';
import type { AgentName } from './workload.ts';

export interface SceneOptions {
  agent: AgentName;
  sandbox: 'plain' | 'bubblewrap';
  sessions: number;
  smallDisk: boolean;
  sharedStore: boolean;
  sabotage: Sabotage | null;
  /** Folder of the runner's bundle. */
  runner: string;
}

/** A data folder with a server on it, sessions, and clients behind a network that can break. */
export interface Scene {
  readonly options: SceneOptions;
  readonly directory: string;
  readonly dataDirectory: string;
  readonly store: ReturnType<typeof readStore>;
  readonly proxy: NetworkProxy;
  /** Asks the server itself, past the network that can break. */
  readonly rest: RestClient;
  readonly launchClient: LaunchClient;
  readonly sessions: readonly FaultSession[];
  server(): ServerProcess;
  /** Starts the next server and leads the clients to it. */
  start(): Promise<ServerProcess>;
  /** Where the store's file is. */
  readonly storeDirectory: string;
  /** The living processes of this scene, or of one of its sandboxes. */
  processes(sandboxId?: string): FoundProcess[];
  misbehave(fault: StoreFault | null): void;
  audit(): AuditLine[];
  /** Ends everything as a user would, and tells what is left. What is kept can be looked at afterwards. */
  close(keep: boolean): Promise<Finding[]>;
}

const PROGRAM = { file: join(import.meta.dirname, 'programs/server.ts') };
const SMALL_DISK = '24m';
const CLOSE_MS = 60_000;
/** Shorter than the longest freeze, so that a frozen server outlives its lease. */
const SETTINGS = { leaseTtlMs: 3000, reconnectTimeoutMs: 120_000 };

export async function openScene(options: SceneOptions): Promise<Scene> {
  const since = ticksNow();
  const directory = await mkdtemp(join(tmpdir(), 'faults-'));
  const dataDirectory = join(directory, 'data');
  // Never below the scene's folder: every process of the machine sees the mount.
  const storeDirectory = options.smallDisk ? await mkdtemp(join(tmpdir(), 'small-disk-')) : dataDirectory;
  const temporaryDirectory = join(directory, 'tmp');
  await mkdir(dataDirectory);
  await mkdir(temporaryDirectory);
  if (options.smallDisk) mountDisk(storeDirectory);
  const controlFile = join(directory, 'store-fault.json');
  const auditFile = join(directory, 'audit.jsonl');
  const proxy = openProxy();
  const servers: ServerProcess[] = [];
  const sessions: FaultSession[] = [];

  const server = () => {
    const latest = servers.at(-1);
    if (!latest) throw new Error('no server was started');
    return latest;
  };
  const scene: Scene = {
    options,
    directory,
    dataDirectory,
    storeDirectory,
    store: readStore(storeDirectory),
    proxy,
    rest: restClient(() => server().url),
    launchClient: launchProcesses(directory, temporaryDirectory),
    sessions,
    server,
    async start() {
      const started = await startServer({
        program: PROGRAM,
        environment: {
          DATA_DIR: dataDirectory,
          DATABASE_URL: `sqlite:${join(storeDirectory, 'agent-server.db')}`,
          SANDBOX: options.sandbox === 'bubblewrap' ? 'local' : undefined,
          SYNC_INTERVAL_MS: '2000',
          // Whatever a harness that is killed leaves behind ends by itself.
          ORPHAN_TTL_MS: '120000',
          // Handed down to its helpers, by which they are known as this scene's.
          TMPDIR: temporaryDirectory,
          FAULTS_AGENT: options.agent,
          FAULTS_SANDBOX: options.sandbox,
          FAULTS_SETTINGS: JSON.stringify(SETTINGS),
          FAULTS_RUNNER: options.runner,
          FAULTS_CONTROL: controlFile,
          FAULTS_AUDIT: auditFile,
          FAULTS_SHARED_STORE: options.sharedStore ? '1' : undefined,
          FAULTS_SABOTAGE: options.sabotage ?? undefined,
        },
      });
      servers.push(started);
      proxy.lead(started.url);
      return started;
    },
    processes: (trace = directory) => ownProcesses(trace, since),
    misbehave(fault) {
      if (fault) writeFileSync(controlFile, JSON.stringify(fault));
      else rmSync(controlFile, { force: true });
    },
    audit: () =>
      (existsSync(auditFile) ? readFileSync(auditFile, 'utf8') : '')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditLine),
    async close(keep) {
      const findings: Finding[] = [];
      try {
        await Promise.all(sessions.map((session) => session.close()));
        const ending = await server().end('SIGINT');
        if (ending.code !== 0) findings.push(stuck(`Ctrl-C ended the server with ${JSON.stringify(ending)}`));
        await until(
          'the end of all that the server started',
          CLOSE_MS,
          () => scene.processes().length === 0,
        ).catch(() => {
          const left = scene.processes().map(({ pid, command }) => `${pid} ${command.slice(0, 120)}`);
          findings.push(stuck(`processes are left: ${left.join('; ')}`));
        });
        const sandboxes = sandboxesIn(dataDirectory);
        if (sandboxes.length > 0) findings.push(lost(`sandboxes are left: ${sandboxes.join(', ')}`));
      } catch (error) {
        findings.push(stuck(`the scene did not end: ${(error as Error).message}`));
      } finally {
        scene.misbehave(null);
        endOwn(directory, since);
        await proxy.close();
        const kept = keep || findings.length > 0;
        if (kept)
          writeFileSync(join(directory, 'server.log'), servers.map((each) => each.output()).join('\n---\n'));
        if (options.smallDisk) unmountDisk(storeDirectory, kept ? join(directory, 'store') : null);
        if (!kept) await rm(directory, { recursive: true, force: true });
      }
      return findings;
    },
  };

  try {
    await scene.start();
    const ordinals = Array.from({ length: options.sessions }, (_, ordinal) => ordinal);
    const opened = await Promise.allSettled(ordinals.map((ordinal) => openSession(scene, ordinal)));
    for (const each of opened) if (each.status === 'fulfilled') sessions.push(each.value);
    for (const each of opened) if (each.status === 'rejected') throw each.reason;
  } catch (error) {
    await scene.close(true);
    throw error;
  }
  return scene;
}

function sandboxesIn(dataDirectory: string): string[] {
  const folder = join(dataDirectory, 'sandboxes');
  return existsSync(folder) ? readdirSync(folder) : [];
}

function mountDisk(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'tmpfs', folder]);
}

function unmountDisk(folder: string, copy: string | null): void {
  if (copy) execFileSync('cp', ['-r', folder, copy]);
  execFileSync('umount', ['-l', folder]);
  rmdirSync(folder);
}

let mountable: boolean | undefined;

/** Whether this user may mount a small disk here. */
export async function canMount(): Promise<boolean> {
  if (mountable !== undefined) return mountable;
  const folder = await mkdtemp(join(tmpdir(), 'small-disk-'));
  try {
    mountDisk(folder);
    unmountDisk(folder, null);
    mountable = true;
  } catch {
    mountable = false;
    rmdirSync(folder);
  }
  return mountable;
}
