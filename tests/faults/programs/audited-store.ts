import { appendFileSync } from 'node:fs';
import type { AppendBatch, AppendResult } from '@hhopkins/agent-core';
import type { PersistenceAdapter } from '@hhopkins/agent-server/types';
import type { AuditLine } from '../store-fault.ts';
import { wrapStore } from './wrap.ts';

interface Write {
  sessionId: string;
  epoch: number;
}

/** The store, with a note of which epoch wrote when: what is stored does not tell. */
export function auditedStore(store: PersistenceAdapter, file: string): PersistenceAdapter {
  let calls = 0;
  return wrapStore(store, async (method, call, parameters) => {
    const writes = writesOf(method, parameters);
    if (writes.length === 0 || file === '') return call();
    calls += 1;
    const id = calls;
    const note = (at: AuditLine['at'], which: readonly Write[]) => {
      const lines = which.map(
        (write): AuditLine => ({ at, call: id, server: process.pid, method, ...write }),
      );
      appendFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    };
    note('begin', writes);
    const answer = await call();
    const results = method === 'append' ? (answer as AppendResult[]) : [];
    note(
      'done',
      writes.filter((_, index) => method !== 'append' || results[index]?.ok),
    );
    return answer;
  });
}

/** The sessions that a call writes, with the epoch of each; none when it writes without one. */
function writesOf(method: string, parameters: readonly unknown[]): Write[] {
  if (method === 'append')
    return (parameters[0] as AppendBatch[]).map(({ sessionId, epoch }) => ({ sessionId, epoch }));
  const epoch = (parameters.at(-1) as { epoch?: unknown } | undefined)?.epoch;
  const [sessionId] = parameters;
  return typeof epoch === 'number' && typeof sessionId === 'string' ? [{ sessionId, epoch }] : [];
}
