import { createHash } from 'node:crypto';
import type { Sessions } from '@hhopkins/agent-core';
import {
  AgentServerError,
  type FileEntry,
  parseOrThrow,
  workspacePathSchema,
} from '@hhopkins/agent-protocol';
import type { Perform } from './scripted-commands.ts';
import { type ScriptedState, streamOf } from './scripted-state.ts';

type Files = Pick<
  Sessions,
  'transcript' | 'files' | 'readFile' | 'writeFile' | 'deleteFile' | 'workspaceArchive'
>;

/** Files in memory; transcript and archive are stand-ins. */
export function createFiles(state: ScriptedState, perform: Perform): Files {
  const filesOf = (sessionId: string): Map<string, Uint8Array> => {
    streamOf(state, sessionId);
    return state.files.get(sessionId) ?? new Map();
  };
  const contentOf = (sessionId: string, path: string): Uint8Array => {
    const content = filesOf(sessionId).get(parseOrThrow(workspacePathSchema, path, 'path'));
    if (content) return content;
    throw new AgentServerError('file_not_found', `There is no file ${JSON.stringify(path)}.`);
  };

  return {
    async transcript(sessionId, subagentId) {
      streamOf(state, sessionId);
      return `transcript of ${subagentId ?? 'main'}\n`;
    },
    async files(sessionId) {
      return [...filesOf(sessionId)].map(([path, content]) => entryOf(path, content));
    },
    async readFile(sessionId, path) {
      const content = contentOf(sessionId, path);
      const { hash, mode, modifiedAt } = entryOf(path, content);
      return { content, hash, mode, modifiedAt };
    },
    async writeFile(caller, sessionId, path, content) {
      const name = parseOrThrow(workspacePathSchema, path, 'path');
      const files = filesOf(sessionId);
      return perform('writeFile', caller, sessionId, name, () => {
        files.set(name, content);
      });
    },
    async deleteFile(caller, sessionId, path) {
      contentOf(sessionId, path);
      return perform('deleteFile', caller, sessionId, path, () => {
        filesOf(sessionId).delete(path);
      });
    },
    async workspaceArchive(sessionId) {
      streamOf(state, sessionId);
      return new Uint8Array(1024);
    },
  };
}

function entryOf(path: string, content: Uint8Array): FileEntry {
  const hash = createHash('sha256').update(content).digest('hex');
  return { path, hash, size: content.length, mode: 0o644, modifiedAt: new Date(0).toISOString() };
}
