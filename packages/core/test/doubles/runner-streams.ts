import type { JournalPosition, RunnerFrame, StreamTarget } from '@hhopkins/agent-protocol';
import type { FakeDisk } from './sandbox-disk.ts';

/** The byte streams of a fake runner. */
export function createRunnerStreams(
  disk: FakeDisk,
  head: () => JournalPosition,
  onChanged: (path: string, existed: boolean) => void,
) {
  const uploads = new Map<string, { path: string; parts: Buffer[] }>();

  const give = (id: string, bytes: Uint8Array): RunnerFrame[] => [
    ...(bytes.length > 0
      ? [{ type: 'stream' as const, id, data: Buffer.from(bytes).toString('base64') }]
      : []),
    { type: 'stream', id, end: true },
  ];
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

  return {
    open(id: string, target: StreamTarget): RunnerFrame[] {
      switch (target.kind) {
        case 'transcript': {
          const main = disk.transcript.map((line) => `${line}\n`).join('');
          const subagents = [...disk.subagents].map(([subagentId, raw]) => ({ id: subagentId, raw }));
          return give(id, json({ agentSessionId: 'agent-session', journal: head(), main, subagents }));
        }
        case 'scan':
          return give(id, json(disk.entries()));
        case 'file': {
          const content = disk.read(target.path);
          if (!content) return [{ type: 'error', id, code: 'file_not_found', message: target.path }];
          return give(id, content);
        }
        case 'workspace-tar':
          return give(id, new Uint8Array(1024));
        case 'write-file':
          uploads.set(id, { path: target.path, parts: [] });
          return [];
        case 'delete-file':
          disk.remove(target.path);
          onChanged(target.path, true);
          return give(id, new Uint8Array());
      }
    },
    receive(frame: { id: string; data?: string | undefined; end?: boolean | undefined }): RunnerFrame[] {
      const upload = uploads.get(frame.id);
      if (!upload) return [];
      if (frame.data) upload.parts.push(Buffer.from(frame.data, 'base64'));
      if (!frame.end) return [];
      uploads.delete(frame.id);
      const existed = disk.entry(upload.path) !== undefined;
      disk.write(upload.path, Buffer.concat(upload.parts));
      onChanged(upload.path, existed);
      return give(frame.id, new Uint8Array());
    },
  };
}
