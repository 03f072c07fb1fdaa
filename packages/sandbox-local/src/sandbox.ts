import type { Sandbox, SandboxExit, SandboxInfo } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { packFrom, unpackInto } from './archive.ts';
import { connectToInit } from './exec/connect.ts';
import { openProcess } from './exec/open-process.ts';
import { endProcesses } from './host/end-processes.ts';
import type { SandboxFolders } from './host/folders.ts';
import { isAlive } from './host/process-identity.ts';
import { readOwnExit, readRecord, type SandboxRecord } from './host/record.ts';
import { removeFolder } from './host/remove-folder.ts';
import { markedProcesses } from './init/marked-processes.ts';
import type { Kind } from './kind.ts';
import { outOfMemoryKills, removeControlGroups } from './limits/control-groups.ts';
import type { Settings } from './options.ts';

/** A handle on a sandbox that exists on disk, whichever process made it. Holds nothing open by itself. */
export function localSandbox(
  record: SandboxRecord,
  folders: SandboxFolders,
  kind: Kind,
  settings: Settings,
): Sandbox {
  let terminating = false;

  const exec: Sandbox['exec'] = async (argv, options = {}) => {
    const known = readRecord(folders);
    if (!known || statusOf(known) !== 'running') throw gone(record.id);
    const killsBefore = outOfMemoryKills(known.controlGroups);
    const socket = await connectToInit(folders.socket, settings.startTimeoutMs).catch((cause) => {
      throw gone(record.id, cause);
    });
    const process = await openProcess(
      socket,
      { argv: [...argv], cwd: options.cwd, environment: options.environment },
      settings.startTimeoutMs,
    );
    const told = process.exit.then((exit): SandboxExit => {
      const killed = exit.signal === 'SIGKILL' || exit.code === 137 || exit.reason === 'lost';
      if (terminating && exit.reason !== 'exit') return { ...exit, reason: 'terminated' };
      if (killed && outOfMemoryKills(known.controlGroups) > killsBefore) {
        return { ...exit, reason: 'out_of_memory' };
      }
      return exit;
    });
    return { ...process, exit: told };
  };

  return {
    id: record.id,
    provider: kind.name,
    layout: record.layout,
    exec,
    async info() {
      const known = readRecord(folders);
      if (!known) throw notFound(record.id);
      return infoOf(known, folders);
    },
    putTar: (path, tar) => unpackInto(exec, path, tar),
    getTar: (path) => packFrom(exec, path, settings.maximumArchiveBytes),
    async terminate() {
      terminating = true;
      await endSandbox(record, folders, settings.terminateGraceMs);
    },
  };
}

/** What the record and the system say about a sandbox now. */
export function infoOf(record: SandboxRecord, folders: SandboxFolders): SandboxInfo {
  const { id, labels, createdAt } = record;
  const status = statusOf(record);
  if (status === 'running') return { id, status, labels, createdAt };
  return { id, status, labels, createdAt, exit: record.exit ?? readOwnExit(folders) };
}

/** Ends everything in it, then removes what it had on the host. Without effect when that was done before. */
export async function endSandbox(
  record: SandboxRecord,
  folders: SandboxFolders,
  graceMs: number,
): Promise<void> {
  const current = readRecord(folders) ?? record;
  await endProcesses(current, graceMs);
  await removeControlGroups(current.controlGroups);
  await removeFolder(folders.root);
}

function statusOf(record: SandboxRecord): 'running' | 'exited' {
  // Without its identity the creator died between starting it and writing that down.
  const alive = record.main ? isAlive(record.main) : markedProcesses(record.id).length > 0;
  return alive ? 'running' : 'exited';
}

export function notFound(id: string): AgentServerError {
  return new AgentServerError('sandbox_not_found', `There is no sandbox ${JSON.stringify(id)} here.`);
}

function gone(id: string, cause?: unknown): AgentServerError {
  return new AgentServerError('sandbox_lost', `The sandbox ${id} no longer runs.`, { cause });
}
