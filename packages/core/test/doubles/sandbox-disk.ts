import { createHash } from 'node:crypto';
import type { FileEntry } from '@hhopkins/agent-protocol';
import { unpackTar } from 'modern-tar';
import type { FakeClock } from './clock.ts';

/** What a fake sandbox holds on its disk: workspace, restore folder, and the agent's own transcript. */
export interface FakeDisk {
  sessionId: string;
  /** The agent's transcript, a line an entry. */
  readonly transcript: string[];
  readonly subagents: Map<string, string>;
  remember(line: string): void;
  /** False when nothing was put into the restore folder. */
  takeUpTranscript(): boolean;
  write(path: string, content: Uint8Array): void;
  remove(path: string): void;
  read(path: string): Uint8Array | undefined;
  entry(path: string): FileEntry | undefined;
  entries(): FileEntry[];
  putTar(path: string, tar: Uint8Array): Promise<void>;
}

export const LAYOUT = {
  workspace: '/workspace',
  home: '/home/agent',
  state: '/state',
  node: '/usr/bin/node',
  mounts: { runner: '/opt/agent-runner' },
} as const;

const MODE = 0o644;

export function createFakeDisk(clock: FakeClock): FakeDisk {
  const files = new Map<string, { content: Uint8Array; modifiedAt: string }>();
  const restore = new Map<string, string>();
  const transcript: string[] = [];
  const subagents = new Map<string, string>();

  const disk: FakeDisk = {
    sessionId: '',
    transcript,
    subagents,
    remember: (line) => void transcript.push(line),
    takeUpTranscript() {
      const main = restore.get('main.jsonl');
      if (main === undefined) return false;
      transcript.splice(0, transcript.length, ...main.split('\n').filter(Boolean));
      for (const [name, raw] of restore) {
        const id = /^subagents\/(.+)\.jsonl$/.exec(name)?.[1];
        if (id) subagents.set(id, raw);
      }
      return true;
    },
    write(path, content) {
      files.set(path, { content: Uint8Array.from(content), modifiedAt: new Date(clock.now()).toISOString() });
    },
    remove: (path) => void files.delete(path),
    read: (path) => files.get(path)?.content,
    entry(path) {
      const file = files.get(path);
      if (!file) return undefined;
      const hash = createHash('sha256').update(file.content).digest('hex');
      return { path, hash, size: file.content.length, mode: MODE, modifiedAt: file.modifiedAt };
    },
    entries: () => [...files.keys()].flatMap((path) => disk.entry(path) ?? []),
    async putTar(path, tar) {
      for (const { header, data } of await unpackTar(tar)) {
        if (!data) continue;
        if (path === LAYOUT.workspace) disk.write(header.name, data);
        else if (path === `${LAYOUT.state}/restore`) restore.set(header.name, new TextDecoder().decode(data));
      }
    },
  };
  return disk;
}
