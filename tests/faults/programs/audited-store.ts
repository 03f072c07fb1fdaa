import { appendFileSync } from 'node:fs';
import type { AppendBatch, AppendResult } from '@hhopkins/agent-core';
import type { PersistenceAdapter } from '@hhopkins/agent-server/types';
import type { AuditLine } from '../store-fault.ts';
import { wrapStore } from './wrap.ts';

/** The store, with a note of which epoch wrote what: the log itself does not tell. */
export function auditedStore(store: PersistenceAdapter, file: string): PersistenceAdapter {
  return wrapStore(store, async (name, call, [batches]) => {
    const answer = await call();
    if (name !== 'append' || file === '') return answer;
    const results = answer as AppendResult[];
    const lines = (batches as AppendBatch[]).flatMap((batch, index) => {
      const result = results[index];
      if (!result?.ok || batch.events.length === 0) return [];
      const { sessionId, epoch, events } = batch;
      const line: AuditLine = {
        sessionId,
        epoch,
        head: result.head,
        events: events.length,
        server: process.pid,
      };
      return [`${JSON.stringify(line)}\n`];
    });
    if (lines.length > 0) appendFileSync(file, lines.join(''));
    return answer;
  });
}
