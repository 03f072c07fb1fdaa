import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { PersistenceAdapter } from '@hhopkins/agent-server/types';
import type { StoreFault } from '../store-fault.ts';
import { type Call, wrapStore } from './wrap.ts';

const LOOK_AGAIN_MS = 20;

/** A store that fails as the control file says, for as long as there is one. */
export function failingStore(store: PersistenceAdapter, controlFile: string): PersistenceAdapter {
  const fault = (): StoreFault | null => {
    try {
      return JSON.parse(readFileSync(controlFile, 'utf8')) as StoreFault;
    } catch {
      return null;
    }
  };
  const over = async () => {
    while (existsSync(controlFile)) await pause(LOOK_AGAIN_MS);
  };
  const misbehave: Record<StoreFault['mode'], (call: Call, fault: StoreFault) => Promise<unknown>> = {
    async 'fail-before'() {
      throw unavailable();
    },
    async 'fail-after'(call) {
      await call();
      throw unavailable();
    },
    async hang(call, { committed, silent }) {
      const answer = committed ? call() : undefined;
      answer?.catch(() => {});
      await over();
      if (silent) return new Promise(() => {});
      return answer ?? call();
    },
    async slow(call, { delayMs = 0 }) {
      await pause(delayMs);
      return call();
    },
  };
  return wrapStore(store, async (_name, call) => {
    const present = fault();
    return present ? misbehave[present.mode](call, present) : call();
  });
}

const unavailable = () =>
  new AgentServerError('store_unavailable', 'The store fails, as the harness told it to.');
