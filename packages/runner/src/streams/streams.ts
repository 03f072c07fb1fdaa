import {
  AgentServerError,
  type FileEntry,
  LIMITS,
  type StreamTarget,
  type TranscriptExport,
} from '@hhopkins/agent-protocol';
import type { FrameSocket } from '../serve/frame-socket.ts';
import { readWorkspaceFile, tarOfWorkspace } from './downloads.ts';
import { removeWorkspaceEntry, startUpload, type Upload } from './upload.ts';

/** What streams are made from. */
export interface StreamSources {
  readonly workspace: string;
  /** Names that the archive leaves out. */
  readonly ignored: readonly string[];
  scan(): Promise<FileEntry[]>;
  exportTranscript(): Promise<TranscriptExport>;
}

/** The byte streams of one connection. */
export interface Streams {
  open(id: string, target: StreamTarget): void;
  /** Bytes for an upload. Resolves when more may come; bytes of a stream that is over are ignored. */
  receive(frame: { id: string; data?: string | undefined; end?: boolean | undefined }): Promise<void>;
  close(): void;
}

/** Streams at once on a connection, a count. */
const MOST_OPEN = 16;

export function createStreams(sources: StreamSources, out: FrameSocket): Streams {
  const running = new Set<string>();
  const uploads = new Map<string, Upload>();
  let closed = false;

  const failed = (id: string, error: unknown) => {
    const { code, message } = AgentServerError.from(error);
    out.send({ type: 'error', id, code, message });
  };

  const sendAll = async (id: string, bytes: AsyncIterable<Uint8Array>) => {
    for await (const part of bytes) {
      for (let start = 0; start < part.length; start += LIMITS.streamChunk) {
        if (closed) return;
        const chunk = Buffer.from(part.subarray(start, start + LIMITS.streamChunk));
        await out.sendPaced({ type: 'stream', id, data: chunk.toString('base64') });
      }
    }
    await out.sendPaced({ type: 'stream', id, end: true });
  };

  const give = async (id: string, target: Exclude<StreamTarget, { kind: 'write-file' }>): Promise<void> => {
    switch (target.kind) {
      case 'transcript':
        return sendAll(id, json(await sources.exportTranscript()));
      case 'scan':
        return sendAll(id, json(await sources.scan()));
      case 'file':
        return sendAll(id, readWorkspaceFile(sources.workspace, target.path));
      case 'workspace-tar':
        return sendAll(id, tarOfWorkspace(sources.workspace, sources.ignored));
      case 'delete-file':
        await removeWorkspaceEntry(sources.workspace, target.path);
        await sources.scan();
        return sendAll(id, nothing());
    }
  };

  const take = (id: string, target: Extract<StreamTarget, { kind: 'write-file' }>): Promise<void> => {
    const upload = startUpload(sources.workspace, target.path, target.mode);
    uploads.set(id, upload);
    return upload.done
      .then(() => sources.scan())
      .then(() => sendAll(id, nothing()))
      .finally(() => uploads.delete(id));
  };

  return {
    open(id, target) {
      if (running.has(id)) return failed(id, new AgentServerError('already_exists', `stream ${id} is open`));
      if (running.size >= MOST_OPEN) {
        return failed(
          id,
          new AgentServerError('capacity', `${MOST_OPEN} streams are open on this connection`),
        );
      }
      running.add(id);
      const work = target.kind === 'write-file' ? take(id, target) : give(id, target);
      work.catch((error: unknown) => failed(id, error)).finally(() => running.delete(id));
    },
    async receive({ id, data, end }) {
      const upload = uploads.get(id);
      if (data !== undefined) await upload?.write(Buffer.from(data, 'base64'));
      if (end) upload?.end();
    },
    close() {
      closed = true;
      for (const upload of uploads.values()) upload.abort();
    },
  };
}

async function* json(value: unknown): AsyncGenerator<Uint8Array> {
  yield Buffer.from(JSON.stringify(value));
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
