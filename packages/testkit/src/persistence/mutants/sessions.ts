import type { LoadedSession, SessionRecord } from '@hhopkins/agent-core';
import { type StoreMutant, storeMutant, type WholeStore } from './mutant.ts';

/** Changes what `loadSession` gives. */
const onLoad = (store: WholeStore, change: (session: LoadedSession) => LoadedSession) => ({
  async loadSession(sessionId: string) {
    const session = await store.loadSession(sessionId);
    return session && change(session);
  },
});

/** A fence mutant a write: the epoch does not reach the store. */
const unfenced: readonly StoreMutant[] = [
  storeMutant('ignores the epoch of record updates', 'fence-update-session-record', (store) => ({
    updateSessionRecord: (sessionId, patch) => store.updateSessionRecord(sessionId, patch),
  })),
  storeMutant('ignores the epoch of transcripts', 'fence-save-transcript', (store) => ({
    saveTranscript: (sessionId, raw, subagentId) => store.saveTranscript(sessionId, raw, subagentId),
  })),
  storeMutant('ignores the epoch of files', 'fence-save-workspace-file', (store) => ({
    saveWorkspaceFile: (sessionId, file) => store.saveWorkspaceFile(sessionId, file),
  })),
  storeMutant('ignores the epoch of file deletions', 'fence-delete-session-file', (store) => ({
    deleteSessionFile: (sessionId, path) => store.deleteSessionFile(sessionId, path),
  })),
  storeMutant('ignores the epoch of session deletions', 'fence-delete-session', (store) => ({
    deleteSession: (sessionId) => store.deleteSession(sessionId),
  })),
];

/** Faults of records, transcripts and files. */
export const sessionMutants: readonly StoreMutant[] = [
  ...unfenced,
  storeMutant('shares state by reference', 'record-copies', (store) => {
    const given = new Map<string, SessionRecord>();
    return {
      async createSessionRecord(record, write) {
        given.set(record.sessionId, record);
        await store.createSessionRecord(record, write);
      },
      ...onLoad(store, (session) => ({ ...session, metadata: given.get(session.sessionId)?.metadata })),
    };
  }),
  storeMutant('resets what an update does not name', 'record-patch', (store) => ({
    updateSessionRecord: (sessionId, patch, write) =>
      store.updateSessionRecord(sessionId, { name: 'Untitled', ...patch }, write),
  })),
  storeMutant('merges metadata instead of replacing it', 'record-patch-objects', (store) => ({
    async updateSessionRecord(sessionId, patch, write) {
      const old = (await store.loadSession(sessionId))?.metadata as SessionRecord['metadata'];
      const metadata = { ...old, ...patch.metadata };
      await store.updateSessionRecord(sessionId, { ...patch, metadata }, write);
    },
  })),
  storeMutant('keeps a sandbox claim that was given back', 'record-sandbox-claim', (store) => ({
    updateSessionRecord: (sessionId, { sandbox, ...patch }, write) =>
      store.updateSessionRecord(sessionId, sandbox ? { ...patch, sandbox } : patch, write),
  })),
  storeMutant('makes a session of an update', 'record-unknown-update', (store) => ({
    async updateSessionRecord(sessionId, patch, write) {
      const isKnown = await store.loadSession(sessionId);
      if (isKnown) return await store.updateSessionRecord(sessionId, patch, write);
      const now = new Date().toISOString();
      const bare = {
        architecture: '',
        principal: '',
        status: 'idle',
        sessionOptions: {},
        metadata: {},
        asOfSeq: 0,
      } as const;
      await store.createSessionRecord({ ...bare, createdAt: now, updatedAt: now, ...patch, sessionId });
    },
  })),
  storeMutant('takes a repeated creation for a conflict', 'record-retry', (store) => ({
    async createSessionRecord(record, write) {
      if (await store.loadSession(record.sessionId)) throw new Error('duplicate key');
      await store.createSessionRecord(record, write);
    },
  })),
  storeMutant('composes marks', 'record-odd-texts', (store) => ({
    createSessionRecord: (record, write) =>
      store.createSessionRecord({ ...record, name: record.name?.normalize('NFC') }, write),
  })),
  storeMutant(
    'loses transcripts of subagents when the main one is saved',
    'transcript-subagents',
    (store) => {
      const savedSince = new Map<string, string[]>();
      return {
        async saveTranscript(sessionId, raw, subagentId, write) {
          const others = subagentId === undefined ? [] : [...(savedSince.get(sessionId) ?? []), subagentId];
          savedSince.set(sessionId, others);
          await store.saveTranscript(sessionId, raw, subagentId, write);
        },
        ...onLoad(store, ({ subagentTranscripts, ...session }) => ({
          ...session,
          subagentTranscripts: subagentTranscripts?.filter(({ id }) =>
            savedSince.get(session.sessionId)?.includes(id),
          ),
        })),
      };
    },
  ),
  storeMutant(
    'takes the transcript of a subagent for the main one',
    'transcript-subagent-first',
    (store) => ({
      async saveTranscript(sessionId, raw, subagentId, write) {
        await store.saveTranscript(sessionId, raw, undefined, write);
        if (subagentId !== undefined) await store.saveTranscript(sessionId, raw, subagentId, write);
      },
      ...onLoad(store, (session) => ({
        ...session,
        rawTranscript: session.subagentTranscripts?.[0]?.transcript,
      })),
    }),
  ),
  storeMutant('keeps a mebibyte of a transcript', 'transcript-large', (store) => ({
    saveTranscript: (sessionId, raw, subagentId, write) =>
      store.saveTranscript(sessionId, raw.slice(0, 1024 * 1024), subagentId, write),
  })),
  storeMutant('knows no characters beyond the basic plane', 'transcript-odd-texts', (store) => ({
    saveTranscript: (sessionId, raw, subagentId, write) =>
      store.saveTranscript(sessionId, raw.replace(/\p{Extended_Pictographic}/gu, '?'), subagentId, write),
  })),
  storeMutant('keeps binary files as text', 'file-binary', (store) => ({
    saveWorkspaceFile(sessionId, file, write) {
      if (file.encoding === 'utf8') return store.saveWorkspaceFile(sessionId, file, write);
      const text = Buffer.from(file.content, 'base64').toString('utf8');
      return store.saveWorkspaceFile(
        sessionId,
        { ...file, content: Buffer.from(text).toString('base64') },
        write,
      );
    },
  })),
  storeMutant('keeps the first content of a file', 'file-overwrite', (store) => ({
    async saveWorkspaceFile(sessionId, file, write) {
      const files = (await store.loadSession(sessionId))?.workspaceFiles ?? [];
      if (files.some(({ path }) => path === file.path)) return;
      await store.saveWorkspaceFile(sessionId, file, write);
    },
  })),
  storeMutant('deletes all below a path', 'file-delete', (store) => ({
    async deleteSessionFile(sessionId, path, write) {
      await store.deleteSessionFile(sessionId, path, write);
      for (const other of (await store.loadSession(sessionId))?.workspaceFiles ?? []) {
        if (other.path.startsWith('a.txt.d')) await store.deleteSessionFile(sessionId, other.path, write);
      }
    },
  })),
  storeMutant('keeps the transcript of a deleted session', 'delete-session', (store) => {
    const kept = new Map<string, string>();
    return {
      async saveTranscript(sessionId, raw, subagentId, write) {
        kept.set(sessionId, raw);
        await store.saveTranscript(sessionId, raw, subagentId, write);
      },
      ...onLoad(store, (session) => ({ ...session, rawTranscript: kept.get(session.sessionId) })),
    };
  }),
];
