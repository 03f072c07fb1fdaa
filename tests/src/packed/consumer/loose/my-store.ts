import type { PersistenceAdapter } from '@hhopkins/agent-server/types';

// What a quick prototype looks like: no parameter has a type, and rows are whatever they are.
const tables = { sessions: {} as any, transcripts: {} as any, files: {} as any, profiles: [] as any[] };

export class MyStore implements PersistenceAdapter {
  async listAllSessions() {
    return Object.values<any>(tables.sessions);
  }

  async loadSession(sessionId) {
    return tables.sessions[sessionId];
  }

  async createSessionRecord(record) {
    tables.sessions[record.sessionId] = {
      ...record,
      created_by: 'me',
      createdAt: new Date(record.createdAt),
    };
  }

  async updateSessionRecord(sessionId, patch) {
    Object.assign(tables.sessions[sessionId], patch);
  }

  async saveTranscript(sessionId, raw, subagentId) {
    tables.transcripts[`${sessionId}/${subagentId ?? 'main'}`] = raw;
  }

  async saveWorkspaceFile(sessionId, file) {
    tables.files[`${sessionId}/${file.path}`] = file;
  }

  async deleteSessionFile(sessionId, path) {
    delete tables.files[`${sessionId}/${path}`];
  }

  async listAgentProfiles() {
    return tables.profiles;
  }

  async loadAgentProfile(profileId) {
    return tables.profiles.find((profile) => profile.id === profileId);
  }
}
