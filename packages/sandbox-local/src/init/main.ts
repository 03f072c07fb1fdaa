import { closeSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { markedProcesses, namespaceProcesses } from './marked-processes.ts';
import { serveProcess } from './serve-process.ts';
import { EXIT_FILE, type InitSettings, SOCKET_FILE } from './settings.ts';

/*
 * The main process of a sandbox. It serves exec requests on a socket, belongs to no server, and ends the sandbox by itself
 * once nobody has attended it for the time it was given. Its settings come as JSON on stdin; it says `ready` on stdout.
 */

const MAXIMUM_CONNECTIONS = 256;
const GRACE_MS = 2_000;
const END_DEADLINE_MS = 10_000;
/** O_CLOEXEC, as `/proc` shows it. */
const CLOSED_ON_EXEC = 0o2000000;

closeInherited();
const settings = JSON.parse(readFileSync(0, 'utf8')) as InitSettings;
const connections = new Set<Socket>();
const children = new Set<number>();
let orphaned: NodeJS.Timeout | undefined;

// A relative path: an absolute one can be longer than what fits into a socket address.
process.chdir(settings.socketFolder);
process.umask(0o022);

const server = createServer((socket) => {
  if (connections.size >= MAXIMUM_CONNECTIONS) {
    socket.destroy();
    return;
  }
  connections.add(socket);
  clearTimeout(orphaned);
  socket.on('close', () => {
    connections.delete(socket);
    if (connections.size === 0) awaitAttention();
  });
  serveProcess(socket, {
    cwd: settings.cwd,
    environment: settings.environment,
    onProcess: (pid, alive) => (alive ? children.add(pid) : children.delete(pid)),
  });
});

try {
  unlinkSync(SOCKET_FILE);
} catch {
  // None is left from before.
}
server.listen(SOCKET_FILE, () => {
  awaitAttention();
  process.stdout.write('ready\n');
});
// Nobody may be left to read what is written there later.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.on('SIGHUP', () => {});
process.on('SIGTERM', () => {
  signalChildren('SIGTERM');
  process.exit(143);
});

/** Closes what came along from the server and its parents: no program in the sandbox may find it open. */
function closeInherited(): void {
  if (process.platform !== 'linux') return;
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      const [, flags] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'latin1')) ?? [];
      // Node's own are closed on exec and stay.
      if (Number(name) > 2 && flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0) {
        closeSync(Number(name));
      }
    } catch {
      // It was the descriptor of the listing itself.
    }
  }
}

function awaitAttention(): void {
  clearTimeout(orphaned);
  orphaned = setTimeout(() => void endSandbox(), settings.orphanTtlMs);
}

async function endSandbox(): Promise<void> {
  server.close();
  try {
    writeFileSync(EXIT_FILE, JSON.stringify({ code: 0, signal: null, reason: 'terminated' }));
  } catch {
    // Its folder was removed under it; all the more reason to end.
  }
  const begun = Date.now();
  for (;;) {
    const left = others();
    const spent = Date.now() - begun;
    if ((left.length === 0 && children.size === 0) || spent > END_DEADLINE_MS) break;
    const signal = spent < GRACE_MS ? 'SIGTERM' : 'SIGKILL';
    signalChildren(signal);
    for (const pid of left) end(pid, signal);
    await wait(25);
  }
  process.exit(0);
}

/** Every other process of the sandbox, as far as it can be known. */
function others(): number[] {
  const found = [...markedProcesses(settings.sandboxId), ...namespaceProcesses(settings.hostNamespace)];
  return [...new Set(found)].filter((pid) => pid !== process.pid && pid !== 1);
}

function signalChildren(signal: NodeJS.Signals): void {
  for (const pid of children) end(-pid, signal);
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}
