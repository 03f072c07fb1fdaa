import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The environment variable by which the processes of a sandbox are known, whatever session or group they moved to. */
export const MARKER = 'AGENT_SANDBOX_ID';

/** Ids of the living processes that carry the marker of a sandbox. Empty where there is no `/proc`. */
export function markedProcesses(sandboxId: string): number[] {
  const wanted = `${MARKER}=${sandboxId}`;
  return processIds().filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      return environment.split('\0').includes(wanted);
    } catch {
      return false; // It ended meanwhile, or belongs to someone else.
    }
  });
}

/**
 * Ids of all other processes of the caller's own process namespace except its first; empty unless that namespace is
 * another than `hostNamespace`, so that this can never name processes of the host.
 */
export function namespaceProcesses(hostNamespace: string): number[] {
  try {
    if (hostNamespace === '' || readlinkSync('/proc/self/ns/pid') === hostNamespace) return [];
  } catch {
    return [];
  }
  return processIds().filter((pid) => pid !== 1 && pid !== process.pid);
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}
