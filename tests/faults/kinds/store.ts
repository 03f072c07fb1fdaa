import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { StoreFault } from '../store-fault.ts';
import type { FaultKind, FaultTarget, KindName } from './kind.ts';

/** The store misbehaves for a while. */
const store = (
  name: KindName,
  longestMs: number,
  faultOf: (target: FaultTarget) => StoreFault,
): FaultKind => ({
  name,
  scope: 'scene',
  outcome: 'undisturbed',
  async inflict(target) {
    const { scene, random } = target;
    const forMs = random.between(100, longestMs);
    const fault = faultOf(target);
    scene.misbehave(fault);
    try {
      await pause(forMs);
    } finally {
      scene.misbehave(null);
    }
    return `${JSON.stringify(fault)} for ${forMs} ms`;
  },
});

export const STORE_KINDS: readonly FaultKind[] = [
  store('store-fail-before', 3000, () => ({ mode: 'fail-before' })),
  store('store-fail-after', 3000, () => ({ mode: 'fail-after' })),
  store('store-hang', 3000, ({ random }) => ({
    mode: 'hang',
    committed: random.between(0, 1) === 0,
    silent: random.between(0, 3) === 0,
  })),
  store('store-slow', 5000, ({ random }) => ({ mode: 'slow', delayMs: random.between(50, 800) })),
  {
    name: 'disk-full',
    scope: 'scene',
    outcome: 'undisturbed',
    smallDisk: true,
    async inflict({ scene, random }) {
      const forMs = random.between(300, 3000);
      const ballast = join(scene.storeDirectory, 'ballast');
      try {
        const bytes = fillDisk(ballast);
        await pause(forMs);
        return `${bytes} bytes fill the disk of the store for ${forMs} ms`;
      } finally {
        rmSync(ballast, { force: true });
      }
    },
  },
];

/** Writes until nothing fits any more. Returns how many bytes that were. */
function fillDisk(path: string): number {
  const file = openSync(path, 'w');
  const whole = Buffer.alloc(256 * 1024, 1);
  let bytes = 0;
  try {
    for (let size = whole.length; size >= 1; ) {
      try {
        bytes += writeSync(file, whole, 0, size);
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}
