import { AgentServerError, type Session } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { SandboxClaim, SessionRecord } from '../ports/persistence.ts';
import { canonicalJson } from '../support/hash.ts';

/** Keeps the stored record up with the session's events, one write at a time, the latest wins. */
export interface RecordKeeper {
  current(): SessionRecord;
  /** The record follows soon; a failure is tried again. */
  project(session: Session, seq: number): void;
  /** Resolves when it is stored: a claim must be known before the sandbox is. */
  claim(claim: SandboxClaim | null): Promise<void>;
  remember(agentSessionId: string): Promise<void>;
  /** Resolves when what is known is stored; rejects when the store fails. */
  flush(): Promise<void>;
  /** No further try. */
  close(): void;
}

const PROJECTED = [
  'architecture',
  'agentProfileRef',
  'name',
  'principal',
  'status',
  'sessionOptions',
  'metadata',
] as const;

const RETRY_MS = 2000;

export function createRecordKeeper(parts: EngineParts, initial: SessionRecord, epoch: number): RecordKeeper {
  const { persistence, logger, clock } = parts;
  let record = initial;
  let stored = canonicalJson(initial);
  let writing: Promise<void> = Promise.resolve();
  let cancelRetry: (() => void) | undefined;
  let closed = false;

  const write = (): Promise<void> => {
    writing = writing
      .catch(() => {})
      .then(async () => {
        const { sessionId, createdAt: _createdAt, ...patch } = record;
        const text = canonicalJson(record);
        if (text === stored) return;
        await persistence.updateSessionRecord(sessionId, patch, { epoch });
        stored = text;
      });
    return writing;
  };

  const writeSoon = () => {
    if (cancelRetry) return;
    write().catch((error: unknown) => {
      if (closed || AgentServerError.from(error).code === 'stale_epoch') return;
      logger.log('warn', 'session record not stored; it is tried again', {
        sessionId: record.sessionId,
        error,
      });
      cancelRetry ??= clock.schedule(RETRY_MS, () => {
        cancelRetry = undefined;
        if (!closed) writeSoon();
      });
    });
  };

  const writeNow = (): Promise<void> => {
    const written = write();
    written.catch(writeSoon);
    return written;
  };

  return {
    current: () => record,
    project(session, seq) {
      const changed = PROJECTED.some(
        (field) =>
          record[field] !== session[field] && canonicalJson(record[field]) !== canonicalJson(session[field]),
      );
      record = {
        ...record,
        ...Object.fromEntries(PROJECTED.map((field) => [field, session[field]])),
        updatedAt: session.updatedAt,
        asOfSeq: seq,
      };
      if (changed) writeSoon();
    },
    async claim(claim) {
      record = { ...record, sandbox: claim };
      await writeNow();
    },
    async remember(agentSessionId) {
      if (record.agentSessionId === agentSessionId) return;
      record = { ...record, agentSessionId };
      await writeNow();
    },
    flush: write,
    close() {
      closed = true;
      cancelRetry?.();
    },
  };
}
