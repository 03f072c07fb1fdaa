import {
  AgentServerError,
  type FileEntry,
  LIMITS,
  parseOrThrow,
  workspacePathSchema,
} from '@hhopkins/agent-protocol';
import type { Caller, FileContent } from '../engine-interface.ts';
import type { EngineParts } from '../engine-parts.ts';
import { archiveOf, bytesOf, toWorkspaceFile } from '../files/workspace-archive.ts';
import type { ActiveSession } from '../session/active-session.ts';
import { refuseTerminated } from '../session/client-commands.ts';
import { sha256 } from '../support/hash.ts';

const ARCHIVE_BYTES = 512 * 1024 * 1024;

/** The files of a session's workspace: in the sandbox while there is one, else as last saved. */
export function createSessionFiles(parts: EngineParts) {
  const { persistence, clock } = parts;

  const parsePath = (path: string): string => parseOrThrow(workspacePathSchema, path, 'file path');
  const notFound = (sessionId: string, path: string) =>
    new AgentServerError('file_not_found', `Session ${sessionId} has no file ${path}`);

  return {
    async read(session: ActiveSession, given: string): Promise<FileContent> {
      const path = parsePath(given);
      const { sessionId } = session;
      const entry = session.stream.committed().files.find((file) => file.path === path);
      const link = session.link();
      if (link) {
        const content = await link.read({ kind: 'file', path }, LIMITS.file);
        const modifiedAt = entry?.modifiedAt ?? new Date(clock.now()).toISOString();
        return { content, hash: await sha256(content), modifiedAt, ...(entry ? { mode: entry.mode } : {}) };
      }
      const saved = (await persistence.loadSession(sessionId))?.workspaceFiles?.find(
        (file) => file.path === path,
      );
      if (!saved) throw notFound(sessionId, path);
      const content = bytesOf(saved);
      return { content, hash: await sha256(content), modifiedAt: saved.modifiedAt, mode: saved.mode };
    },

    async write(_caller: Caller, session: ActiveSession, given: string, content: Uint8Array): Promise<void> {
      const path = parsePath(given);
      const { sessionId, stream, epoch, event } = session;
      refuseTerminated(stream.latest().session);
      if (content.length > LIMITS.file) {
        throw new AgentServerError(
          'payload_too_large',
          `${path}: a file may have at most ${LIMITS.file} bytes`,
        );
      }
      const mode = fileIn(session, path)?.mode ?? 0o644;
      const link = await session.reach();
      if (link) await link.write({ kind: 'write-file', path, mode }, content);
      const modifiedAt = new Date(clock.now()).toISOString();
      const file = toWorkspaceFile(path, content, modifiedAt, mode);
      await session.writeFiles(async () => {
        await persistence.saveWorkspaceFile(sessionId, file, { epoch });
        // With a sandbox the runner's watcher says it.
        if (link) return;
        const entry = { path, hash: await sha256(content), size: content.length, mode };
        const type = fileIn(session, path) ? 'file:modified' : 'file:created';
        await stream.append({ events: [event(type, entry)] });
      });
      session.forgetFile(path);
    },

    async remove(_caller: Caller, session: ActiveSession, given: string): Promise<void> {
      const path = parsePath(given);
      const { sessionId, stream, epoch, event } = session;
      refuseTerminated(stream.latest().session);
      if (!fileIn(session, path)) throw notFound(sessionId, path);
      const link = await session.reach();
      if (link) await link.write({ kind: 'delete-file', path }, new Uint8Array());
      await session.writeFiles(async () => {
        await persistence.deleteSessionFile(sessionId, path, { epoch });
        if (!link) await stream.append({ events: [event('file:deleted', { path })] });
      });
      session.forgetFile(path);
    },

    async archive(session: ActiveSession): Promise<Uint8Array> {
      const link = session.link();
      if (link) return link.read({ kind: 'workspace-tar' }, ARCHIVE_BYTES);
      const files = (await persistence.loadSession(session.sessionId))?.workspaceFiles ?? [];
      return archiveOf(files.map((file) => ({ ...file, bytes: bytesOf(file) })));
    },
  };
}

const fileIn = (session: ActiveSession, path: string): FileEntry | undefined =>
  session.stream.latest().files.find((file) => file.path === path);
