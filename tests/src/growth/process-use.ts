import { readdirSync, readFileSync } from 'node:fs';

/** Memory of a process that is in RAM, in bytes. */
export function memoryOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Looks again and again at how much memory a process has, until it is told to stop or the process ends. */
export function watchMemory(pid: number): { highest(): number; stop(): void } {
  let highest = memoryOf(pid);
  const look = () => {
    try {
      highest = Math.max(highest, memoryOf(pid));
    } catch {
      clearInterval(timer);
    }
  };
  const timer = setInterval(look, 50);
  return {
    highest() {
      look();
      return highest;
    },
    stop: () => clearInterval(timer),
  };
}

/** Files, sockets and the like that a process has open. */
export const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
