import type { AppendBatch, AppendResult, CommandRecord, StreamInfo } from '@hhopkins/agent-core';
import type { PersistenceAdapter } from '@hhopkins/agent-server/types';
import type { Sabotage } from '../sabotage.ts';
import { publishEarly } from './publish-early.ts';
import { type Call, wrapStore } from './wrap.ts';

/** The store, broken in the way that is asked for; the sound one otherwise. */
export function sabotagedStore(
  store: PersistenceAdapter,
  sabotage: Sabotage | undefined,
): PersistenceAdapter {
  if (sabotage === 'publish-before-commit') return publishEarly(store);
  if (sabotage === 'drop-dedupe') return forgetKeys(store);
  if (sabotage === 'no-fence') return ignoreEpochs(store);
  return store;
}

/** A command is never known, and its id never taken: what is sent again is done again. */
function forgetKeys(store: PersistenceAdapter): PersistenceAdapter {
  const renamed = (command: CommandRecord): CommandRecord => ({
    ...command,
    commandId: `${command.commandId} ${crypto.randomUUID()}`,
  });
  return wrapStore(store, async (name, call, parameters) => {
    if (name === 'findCommand') return null;
    if (name !== 'append') return call();
    const [batches] = parameters as [AppendBatch[]];
    return store.eventLog?.append(
      batches.map((batch) => ({ ...batch, newCommands: batch.newCommands?.map(renamed) })),
    );
  });
}

const WRITES: ReadonlySet<string> = new Set([
  'createSessionRecord',
  'updateSessionRecord',
  'saveTranscript',
  'saveWorkspaceFile',
  'deleteSessionFile',
]);

/** Whoever writes is let in, and nobody learns that another has taken over. */
function ignoreEpochs(store: PersistenceAdapter): PersistenceAdapter {
  const { eventLog } = store;
  const highest = async (sessionId: string) => (await eventLog?.stream(sessionId))?.epoch ?? 0;
  const raise = async (batch: AppendBatch): Promise<AppendBatch> => ({
    ...batch,
    epoch: Math.max(batch.epoch, await highest(batch.sessionId)),
  });
  const methods = store as unknown as Record<string, (...parameters: unknown[]) => Promise<unknown>>;
  const around = async (name: string, call: Call, parameters: readonly unknown[]): Promise<unknown> => {
    if (WRITES.has(name)) {
      const context = parameters.at(-1) as { epoch?: number } | undefined;
      return methods[name]?.(...(context?.epoch === undefined ? parameters : parameters.slice(0, -1)));
    }
    if (name === 'renew') return [];
    if (name === 'stream') {
      const info = (await call()) as StreamInfo | null;
      return info && { ...info, epoch: 0 };
    }
    if (name !== 'append') return call();
    const [batches] = parameters as [AppendBatch[]];
    return eventLog?.append(await Promise.all(batches.map(raise))) as Promise<AppendResult[]>;
  };
  return wrapStore(store, around);
}
