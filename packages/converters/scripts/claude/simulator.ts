import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../simulator/src/bin.ts', import.meta.url));

/** The model simulator as a process of its own: this package may not import it. */
export async function startSimulator(): Promise<{ url: string; stop(): void }> {
  const child = spawn(process.execPath, [BIN, '--orphan-ttl-ms', '120000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The simulator ended with ${code}`)));
    child.stdout.once('data', (data) => resolve(String(data)));
  });
  return { url: (JSON.parse(line) as { url: string }).url, stop: () => void child.kill() };
}
