import { type Metadata, metadataSchema, sessionStatusSchema } from '@hhopkins/agent-protocol';
import type { SandboxClaim, SessionRecord, SessionRow } from '../ports/persistence.ts';

/** A row of a user's table as a record: dates and JSON in whatever form the database gave them, the absent as unknown. */
export function recordOf(row: SessionRow): SessionRecord {
  const createdAt = instant(row.createdAt);
  const status = sessionStatusSchema.safeParse(row.status);
  return {
    sessionId: row.sessionId,
    architecture: row.architecture ?? '',
    agentProfileRef: row.agentProfileRef ?? undefined,
    name: row.name ?? undefined,
    principal: row.principal ?? '',
    status: status.success ? status.data : 'idle',
    sessionOptions: metadataOf(row.sessionOptions),
    metadata: metadataOf(row.metadata),
    agentSessionId: row.agentSessionId ?? undefined,
    sandbox: claimOf(row.sandbox),
    createdAt,
    updatedAt: row.updatedAt == null ? createdAt : instant(row.updatedAt),
    asOfSeq: typeof row.asOfSeq === 'number' ? row.asOfSeq : Number(row.asOfSeq ?? 0) || 0,
  };
}

function instant(value: unknown): string {
  const date =
    value instanceof Date
      ? value
      : new Date(typeof value === 'number' || typeof value === 'string' ? value : 0);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}

function json(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function metadataOf(value: unknown): Metadata {
  const parsed = metadataSchema.safeParse(json(value));
  return parsed.success ? parsed.data : {};
}

function claimOf(value: unknown): SandboxClaim | null {
  const claim = json(value) as Partial<SandboxClaim> | null | undefined;
  if (!claim || typeof claim.provider !== 'string' || typeof claim.nonce !== 'string') return null;
  return {
    provider: claim.provider,
    nonce: claim.nonce,
    ...(typeof claim.sandboxId === 'string' ? { sandboxId: claim.sandboxId } : {}),
  };
}
