import type { PersistenceAdapter } from '@hhopkins/agent-server/types';

/** A row as an object-relational mapper gives it: columns of its own, dates as `Date`, JSON as whatever it is. */
interface SessionRow {
  id: number;
  tenant: string;
  sessionId: string;
  architecture: string;
  status: string;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
  columns: Record<string, unknown>;
}

interface FileRow {
  path: string;
  content: string;
  encoding: 'utf8' | 'base64';
  size: number;
  modifiedAt: string;
  tenant: string;
}

/** Nine methods over tables of the user's own, every parameter and row typed. */
export class MyStore implements PersistenceAdapter {
  readonly sessions = new Map<string, SessionRow>();
  readonly transcripts = new Map<string, Map<string, string>>();
  readonly files = new Map<string, Map<string, FileRow>>();

  async listAllSessions(): Promise<SessionRow[]> {
    return [...this.sessions.values()].map((row) => ({ ...row.columns, ...row }));
  }

  async loadSession(sessionId: string) {
    const row = this.sessions.get(sessionId);
    if (row === undefined) return null;
    const transcripts = [...(this.transcripts.get(sessionId) ?? new Map<string, string>())];
    return {
      ...row.columns,
      ...row,
      rawTranscript: this.transcripts.get(sessionId)?.get('') ?? null,
      subagentTranscripts: transcripts
        .filter(([id]) => id !== '')
        .map(([id, transcript]) => ({ id, transcript })),
      workspaceFiles: [...(this.files.get(sessionId)?.values() ?? [])],
    };
  }

  async createSessionRecord(record: {
    sessionId: string;
    architecture: string;
    status: string;
  }): Promise<void> {
    this.sessions.set(record.sessionId, {
      id: this.sessions.size + 1,
      tenant: 'acme',
      sessionId: record.sessionId,
      architecture: record.architecture,
      status: record.status,
      createdAt: new Date(),
      updatedAt: new Date(),
      deletedAt: null,
      columns: { ...record },
    });
  }

  async updateSessionRecord(sessionId: string, patch: { status?: string }): Promise<void> {
    const row = this.sessions.get(sessionId);
    if (row === undefined) return;
    row.status = patch.status ?? row.status;
    row.updatedAt = new Date();
    Object.assign(row.columns, patch);
  }

  async saveTranscript(sessionId: string, raw: string, subagentId = ''): Promise<void> {
    const transcripts = this.transcripts.get(sessionId) ?? new Map<string, string>();
    this.transcripts.set(sessionId, transcripts.set(subagentId, raw));
  }

  async saveWorkspaceFile(sessionId: string, file: Omit<FileRow, 'tenant'>): Promise<void> {
    const files = this.files.get(sessionId) ?? new Map<string, FileRow>();
    this.files.set(sessionId, files.set(file.path, { ...file, tenant: 'acme' }));
  }

  async deleteSessionFile(sessionId: string, path: string): Promise<void> {
    this.files.get(sessionId)?.delete(path);
  }

  async listAgentProfiles() {
    return [];
  }

  async loadAgentProfile(): Promise<undefined> {}
}
