import type { Session } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { SandboxClaim, SessionRecord, SessionRecordPatch } from '../ports/persistence.ts';
import { canonicalJson } from '../support/hash.ts';

/** Keeps the stored record up with the session's events, one write at a time, the latest wins. */
export interface RecordKeeper {
  current(): SessionRecord;
  /** The record follows soon; a failure is tried again with the next change. */
  project(session: Session, seq: number): void;
  /** Resolves when it is stored: a claim must be known before the sandbox is. */
  claim(claim: SandboxClaim | null): Promise<void>;
  remember(agentSessionId: string): Promise<void>;
  /** Resolves when what is known is stored; rejects when the store fails. */
  flush(): Promise<void>;
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

export function createRecordKeeper(parts: EngineParts, initial: SessionRecord, epoch: number): RecordKeeper {
  const { persistence, logger } = parts;
  let record = initial;
  let stored = canonicalJson(initial);
  let writing: Promise<void> = Promise.resolve();

  const write = (): Promise<void> => {
    writing = writing
      .catch(() => {})
      .then(async () => {
        const { sessionId, createdAt: _createdAt, ...patch } = record;
        const text = canonicalJson(record);
        if (text === stored) return;
        await persistence.updateSessionRecord(sessionId, patch satisfies SessionRecordPatch, { epoch });
        stored = text;
      });
    return writing;
  };
  const writeSoon = () => {
    write().catch((error: unknown) =>
      logger.log('warn', 'session record not stored; it follows later', {
        sessionId: record.sessionId,
        error,
      }),
    );
  };

  return {
    current: () => record,
    project(session, seq) {
      const changed = PROJECTED.some(
        (field) => canonicalJson(record[field]) !== canonicalJson(session[field]),
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
      await write();
    },
    async remember(agentSessionId) {
      if (record.agentSessionId === agentSessionId) return;
      record = { ...record, agentSessionId };
      await write();
    },
    flush: write,
  };
}
