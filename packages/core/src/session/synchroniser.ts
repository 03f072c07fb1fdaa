import {
  fileListSchema,
  LIMITS,
  type PendingEvent,
  parseOrThrow,
  type TranscriptExport,
  transcriptExportSchema,
} from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import { bytesOf, toWorkspaceFile } from '../files/workspace-archive.ts';
import type { RunnerLink } from '../runner/runner-link.ts';
import { sha256 } from '../support/hash.ts';
import type { EventFactory } from './engine-event.ts';
import type { RecordKeeper } from './record-keeper.ts';

/** Brings transcript and workspace into the store. One run at a time; a request during a run is answered by a further one. */
export interface Synchroniser {
  /** Resolves when everything that stood in the sandbox when it was called is stored. */
  run(link: RunnerLink): Promise<void>;
  /** A file was written or removed in the store itself: what is known of it is void. */
  forget(path: string): void;
}

export interface SynchroniserOptions {
  sessionId: string;
  epoch: number;
  record: RecordKeeper;
  event: EventFactory;
  append(events: readonly PendingEvent[]): Promise<unknown>;
}

/** All transcripts of a session together. */
const TRANSCRIPT_BYTES = 256 * 1024 * 1024;
const SCAN_BYTES = 8 * 1024 * 1024;
/** Files left out that are named, a count. */
const SKIPPED_NAMED = 100;
/** Subagents whose transcripts are kept, a count. */
const MOST_SUBAGENTS = 1000;

export function createSynchroniser(parts: EngineParts, options: SynchroniserOptions): Synchroniser {
  const { persistence } = parts;
  const { sessionId, record, event, append } = options;
  const write = { epoch: options.epoch };
  /** Path → fingerprint of what the store has; absent until the store was asked. */
  let storedFiles: Map<string, string> | undefined;
  let storedTranscripts = new Map<string, string>();
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const readStored = async (): Promise<Map<string, string>> => {
    const saved = await persistence.loadSession(sessionId);
    const known = (saved?.workspaceFiles ?? []).map(
      async (file) => [file.path, fingerprint(await sha256(bytesOf(file)), file.mode)] as const,
    );
    return new Map(await Promise.all(known));
  };

  const saveFiles = async (link: RunnerLink): Promise<void> => {
    storedFiles ??= await readStored();
    const scan = await link.read({ kind: 'scan' }, SCAN_BYTES);
    const present = parseOrThrow(
      fileListSchema,
      JSON.parse(new TextDecoder().decode(scan)),
      'scan of the workspace',
    );
    const skipped: string[] = [];
    let changes = 0;
    const kept = present.slice(0, LIMITS.workspaceFiles);
    skipped.push(...present.slice(kept.length).map(({ path }) => path));
    for (const { path, hash, size, mode, modifiedAt } of kept) {
      if (storedFiles.get(path) === fingerprint(hash, mode)) continue;
      if (size > LIMITS.file) {
        skipped.push(path);
        continue;
      }
      const content = await link.read({ kind: 'file', path }, LIMITS.file).catch(gone);
      // It went, or changed again, after the scan: the next run sees what became of it.
      if (!content) continue;
      await persistence.saveWorkspaceFile(sessionId, toWorkspaceFile(path, content, modifiedAt, mode), write);
      storedFiles.set(path, fingerprint(await sha256(content), mode));
      changes += 1;
    }
    const paths = new Set(present.map(({ path }) => path));
    for (const path of storedFiles.keys()) {
      if (paths.has(path)) continue;
      await persistence.deleteSessionFile(sessionId, path, write);
      storedFiles.delete(path);
      changes += 1;
    }
    if (changes > 0) {
      await append([
        event('workspace:saved', {
          files: storedFiles.size,
          ...(skipped.length > 0 ? { skipped: skipped.slice(0, SKIPPED_NAMED) } : {}),
        }),
      ]);
    }
  };

  const saveTranscript = async (link: RunnerLink): Promise<void> => {
    const bytes = await link.read({ kind: 'transcript' }, TRANSCRIPT_BYTES);
    if (bytes.length === 0) return;
    const text = new TextDecoder().decode(bytes);
    const exported: TranscriptExport = parseOrThrow(
      transcriptExportSchema,
      JSON.parse(text),
      'transcript of a runner',
    );
    if (exported.main === '') return;
    if (exported.agentSessionId) await record.remember(exported.agentSessionId);
    let changed = false;
    const save = async (raw: string, subagentId?: string) => {
      const key = subagentId ?? '';
      const hash = await sha256(raw);
      if (storedTranscripts.get(key) === hash) return;
      await persistence.saveTranscript(sessionId, raw, subagentId, write);
      storedTranscripts.set(key, hash);
      changed = true;
    };
    // Main last: what it tells of subagents is in the store by then.
    for (const { id, raw } of exported.subagents.slice(0, MOST_SUBAGENTS)) {
      if (isFileName(id)) await save(raw, id);
    }
    await save(exported.main);
    if (!changed) return;
    await append([
      event('transcript:saved', {
        journal: exported.journal,
        bytes: new TextEncoder().encode(exported.main).length,
        subagents: exported.subagents.length,
      }),
    ]);
  };

  /** A transcript that cannot be had is no reason to lose the files. */
  const once = async (link: RunnerLink): Promise<void> => {
    const [transcript, files] = [await settled(saveTranscript(link)), await settled(saveFiles(link))];
    // Whatever was written before a failure is written again.
    if (transcript.failed) storedTranscripts = new Map();
    if (files.failed) storedFiles = undefined;
    if (transcript.failed) throw transcript.error;
    if (files.failed) throw files.error;
  };

  return {
    run(link) {
      if (!running) {
        running = once(link).finally(() => {
          running = undefined;
        });
        return running;
      }
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined;
          return this.run(link);
        });
      return next;
    },
    forget: (path) => void storedFiles?.set(path, UNKNOWN),
  };
}

/** In place of a fingerprint: the store may have the file, in whatever form. */
const UNKNOWN = '';

/** An id becomes part of a path in the next sandbox. */
const isFileName = (id: string): boolean => !id.includes('/') && id !== '.' && id !== '..';

const settled = (work: Promise<void>): Promise<{ failed: false } | { failed: true; error: unknown }> =>
  work.then(
    () => ({ failed: false }),
    (error: unknown) => ({ failed: true, error }),
  );

const fingerprint = (hash: string, mode: number | undefined): string => `${hash} ${mode ?? ''}`;

function gone(error: unknown): null {
  const code = (error as { code?: string }).code;
  if (code === 'file_not_found' || code === 'payload_too_large') return null;
  throw error;
}
