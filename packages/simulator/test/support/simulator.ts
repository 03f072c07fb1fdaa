import { onTestFinished } from 'vitest';
import { createSimulator, type LogEntry, type SimulatorOptions } from '../../src/index.ts';

/** A simulator for one test, quick by default, with its log; it is closed when the test ends. */
export async function startSimulator(options: SimulatorOptions = {}) {
  const entries: LogEntry[] = [];
  const simulator = createSimulator({ rate: 5000, log: (entry) => entries.push(entry), ...options });
  const { url } = await simulator.listen();
  onTestFinished(() => simulator.close());
  return { simulator, url, entries };
}
