import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type {
  Sandbox,
  SandboxCapabilities,
  SandboxExit,
  SandboxProvider,
  SandboxSpec,
} from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { foldersOf, type SandboxFolders } from './host/folders.ts';
import { identifyProcess } from './host/process-identity.ts';
import { readRecord, type SandboxRecord, writeRecord } from './host/record.ts';
import { removeLeftovers } from './host/remove-folder.ts';
import { startMainProcess } from './host/start-main-process.ts';
import { MARKER } from './init/marked-processes.ts';
import type { Kind } from './kind.ts';
import {
  type ControlGroups,
  findControlGroups,
  type Limits,
  outOfMemoryKills,
} from './limits/control-groups.ts';
import type { Settings } from './options.ts';
import { endSandbox, infoOf, localSandbox, notFound } from './sandbox.ts';

const ID = /^sb-[0-9a-f]{20}$/;

/** The provider around a kind of sandbox: records on disk, and everything that is the same for all kinds. */
export function localProvider(kind: Kind, settings: Settings): SandboxProvider {
  let groups: ControlGroups | null | undefined;
  let swept: Promise<void> | undefined;
  const controlGroups = () => {
    groups ??= findControlGroups();
    return groups;
  };
  const folders = (id: string) => foldersOf(join(settings.directory, id));

  const capabilities = (): SandboxCapabilities => {
    const enforced = controlGroups()?.enforces ?? { memory: false, processes: false, cpu: false };
    return {
      isolation: kind.isolation,
      survivesServer: true,
      mounts: true,
      networkNone: kind.networkNone,
      limits: { ...enforced, processes: enforced.processes || kind.limitsProcesses },
    };
  };

  const find = (id: string): { record: SandboxRecord; folders: SandboxFolders } | null => {
    if (!ID.test(id)) return null;
    const record = readRecord(folders(id));
    return record?.provider === kind.name ? { record, folders: folders(id) } : null;
  };

  return {
    name: kind.name,
    isolation: kind.isolation,

    async check() {
      const problems = await kind.problems();
      return { ok: problems.length === 0, capabilities: capabilities(), problems };
    },

    async create(spec) {
      const limits = { ...settings.limits, ...spec.limits };
      requireLimits(limits, capabilities(), kind.name);
      requireMounts(spec);
      await mkdir(settings.directory, { recursive: true, mode: 0o700 });
      swept ??= removeLeftovers(settings.directory);
      await swept;
      return createSandbox(kind, settings, controlGroups(), spec, limits);
    },

    async attach(id) {
      const found = find(id);
      if (!found) throw notFound(id);
      return localSandbox(found.record, found.folders, kind, settings);
    },

    async list({ labels }) {
      if (!existsSync(settings.directory)) return [];
      const names = await readdir(settings.directory);
      return names
        .map(find)
        .filter((found) => found !== null)
        .filter(({ record }) =>
          Object.entries(labels).every(([name, value]) => record.labels[name] === value),
        )
        .map(({ record, folders }) => infoOf(record, folders));
    },
  };
}

async function createSandbox(
  kind: Kind,
  settings: Settings,
  groups: ControlGroups | null,
  spec: SandboxSpec,
  limits: Limits,
): Promise<Sandbox> {
  const id = `sb-${randomBytes(10).toString('hex')}`;
  const folders = foldersOf(join(settings.directory, id));
  const layout = kind.layout(folders, spec);
  let record: SandboxRecord = {
    version: 1,
    id,
    provider: kind.name,
    labels: { ...spec.labels },
    createdAt: new Date().toISOString(),
    layout,
    controlGroups: [],
  };
  await mkdir(folders.root, { mode: 0o700 });
  try {
    record.controlGroups = groups?.create(id, limits) ?? [];
    await writeRecord(folders, record);
    await kind.prepare(folders);
    const command = await kind.command({
      folders,
      layout,
      spec,
      limits,
      controlGroups: record.controlGroups,
    });
    spec.onProgress?.('Starting the sandbox');
    const environment = { ...kind.environment(folders, layout), ...spec.environment, [MARKER]: id };
    const child = await startMainProcess(
      { ...command, environment: { ...command.environment, [MARKER]: id } },
      { sandboxId: id, orphanTtlMs: settings.orphanTtlMs, environment, ...command.init },
      settings.startTimeoutMs,
    );
    const main = identifyProcess(child.pid as number) ?? undefined;
    record = { ...record, main, root: kind.rootProcess(folders) ?? main };
    await writeRecord(folders, record);
    // While this process lives, it also writes down how the sandbox ended.
    child.once('exit', (code, signal) => void noteExit(folders, record, code, signal));
    return localSandbox(record, folders, kind, settings);
  } catch (error) {
    await endSandbox(record, folders, 0);
    throw await explained(error, kind);
  }
}

/** The reason why there is no sandbox: what the host lacks, when that is it, or else what went wrong. */
async function explained(error: unknown, kind: Kind): Promise<AgentServerError> {
  const problems = await kind.problems();
  if (problems.length === 0) return AgentServerError.from(error, 'sandbox_unavailable');
  return new AgentServerError('sandbox_unavailable', problems.join('\n'), { cause: error });
}

async function noteExit(
  folders: SandboxFolders,
  record: SandboxRecord,
  code: number | null,
  signal: string | null,
): Promise<void> {
  if (!existsSync(folders.record)) return;
  const killed = outOfMemoryKills(record.controlGroups) > 0 && (signal === 'SIGKILL' || code === 137);
  const exit: SandboxExit = killed
    ? { code, signal: signal ?? undefined, reason: 'out_of_memory' }
    : { code, signal: signal ?? undefined, reason: signal ? 'signal' : 'exit' };
  // It may be terminated, and its folder removed, at this very moment.
  await writeRecord(folders, { ...record, exit }).catch(() => {});
}

function requireLimits(limits: Limits, capabilities: SandboxCapabilities, name: string): void {
  const wanted = [
    ['memoryMiB', limits.memoryMiB, capabilities.limits.memory],
    ['processes', limits.processes, capabilities.limits.processes],
    ['cpus', limits.cpus, capabilities.limits.cpu],
  ] as const;
  for (const [limit, value, enforced] of wanted) {
    if (value === undefined || enforced) continue;
    throw new AgentServerError(
      'capability_missing',
      `${name} cannot enforce limits.${limit} here: control groups may not be written. Run the server as root or with a delegated control group, or leave the limit out.`,
    );
  }
}

function requireMounts(spec: SandboxSpec): void {
  for (const { name, source, target } of spec.mounts ?? []) {
    if (!isAbsolute(target) || normalize(target) !== target || target === '/') {
      throw new AgentServerError('invalid_request', `Mount ${name}: ${target} is no absolute, plain path.`);
    }
    if (!isAbsolute(source) || !existsSync(source)) {
      throw new AgentServerError(
        'sandbox_unavailable',
        `Mount ${name}: there is no ${source} on this machine.`,
      );
    }
  }
}
