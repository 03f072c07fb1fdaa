import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { foldersOf, type SandboxFolders } from '../host/folders.ts';
import { OLDEST_VERSION, TOOL_PATH } from './layout.ts';

const TOOL_DEADLINE_MS = 10_000;
const run = promisify(execFile);

/**
 * What stands in the way of bubblewrap on this host, each with what to do about it. Looks at the tools first and then
 * runs `tryOnce`, which is to start a program with the very line that sandboxes get.
 */
export async function bubblewrapProblems(
  program: string,
  asRoot: boolean,
  tryOnce: (folders: SandboxFolders) => Promise<void>,
): Promise<string[]> {
  if (process.platform !== 'linux') {
    return [`bubblewrap needs Linux, and this is ${process.platform}. Use Docker, or plain processes.`];
  }
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    return [`There is no seccomp filter for ${process.arch}; bubblewrap sandboxes run on x64 and arm64.`];
  }
  const missing = await missingTools(program, asRoot);
  if (missing.length > 0) return missing;
  const root = await mkdtemp(join(tmpdir(), 'agent-sandbox-check-'));
  try {
    await tryOnce(foldersOf(root));
    return [];
  } catch (error) {
    return [explain(error instanceof Error ? error.message : String(error))];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function missingTools(program: string, asRoot: boolean): Promise<string[]> {
  const problems: string[] = [];
  const version = await versionOf(program);
  if (version === null) {
    problems.push(`bubblewrap (${program}) is not installed: apt-get install bubblewrap`);
  } else {
    const [major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
    if (major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1])) {
      problems.push(
        `${version} is too old; ${OLDEST_VERSION.join('.')} is needed: apt-get install bubblewrap`,
      );
    }
  }
  if (asRoot) {
    for (const tool of ['setpriv', 'unshare']) {
      if ((await versionOf(tool)) === null)
        problems.push(`${tool} is not installed: apt-get install util-linux`);
    }
  }
  return problems;
}

async function versionOf(tool: string): Promise<string | null> {
  try {
    return (
      await run(tool, ['--version'], {
        timeout: TOOL_DEADLINE_MS,
        env: { PATH: TOOL_PATH },
      })
    ).stdout.trim();
  } catch {
    return null;
  }
}

/** Adds what to do to what a failed start said. */
function explain(message: string): string {
  const remedy = /uid map|RTM_NEWADDR|apparmor/i.test(message)
    ? 'This kernel restricts user namespaces of unprivileged programs: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run the server as root.'
    : /unshare|namespace|Operation not permitted/i.test(message)
      ? 'User and mount namespaces must be allowed: sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000; in a container, start it with --privileged or --security-opt seccomp=unconfined --cap-add SYS_ADMIN.'
      : "Run the same as the server's user to see more: bwrap --unshare-all --unshare-user --ro-bind / / true";
  return `bubblewrap does not work here. ${message.trim()}\n${remedy}`;
}
