import { type FileHandle, open, readFile } from 'node:fs/promises';
import { AgentServerError, type RunnerCommand } from '@hhopkins/agent-protocol';
import { isOutOfSpace } from '../files/ballast.ts';
import { replaceFile } from '../files/durable.ts';

export type InboxState = 'taken' | 'started' | 'ended';

/** A command that has not ended. */
export interface OpenCommand {
  command: RunnerCommand;
  state: Exclude<InboxState, 'ended'>;
}

/** The commands that the runner took, on disk, so that each is taken once. */
export interface Inbox {
  /** Resolves when the command is on disk. `known` when its id was taken before. Rejects with `journal_full` for a full disk. */
  take(command: RunnerCommand): Promise<'new' | 'known'>;
  /** Whether the id was taken before. */
  knows(commandId: string): boolean;
  started(commandId: string): Promise<void>;
  ended(commandId: string): Promise<void>;
  /** Oldest first. */
  open(): OpenCommand[];
  close(): Promise<void>;
}

type Line = { state: 'taken'; command: RunnerCommand } | { state: 'started' | 'ended'; commandId: string };

/** Ids of ended commands that are remembered, a count. */
const REMEMBERED = 10_000;
/** Commands that are open at once, a count: a turn and its control commands. */
const MOST_OPEN = 1_000;
const COMPACTED_AT_BYTES = 8 * 1024 * 1024;

/** Opens the inbox of a file: a torn end is dropped, and what has ended is reduced to its id. */
export async function openInbox(path: string): Promise<Inbox> {
  const openCommands = new Map<string, OpenCommand>();
  const ended = new Set<string>();

  const apply = (line: Line) => {
    if (line.state === 'taken') {
      openCommands.set(line.command.commandId, { command: line.command, state: 'taken' });
      return;
    }
    const command = openCommands.get(line.commandId);
    if (line.state === 'started') {
      if (command) command.state = 'started';
      return;
    }
    openCommands.delete(line.commandId);
    ended.add(line.commandId);
    for (const oldest of ended) {
      if (ended.size <= REMEMBERED) break;
      ended.delete(oldest);
    }
  };

  for (const line of await readLines(path)) apply(line);

  let file: FileHandle | undefined;
  let bytes = 0;
  let compactedBytes = 0;
  let tail: Promise<void> = Promise.resolve();

  const compact = async () => {
    await file?.close();
    file = undefined;
    const lines: Line[] = [...ended].map((commandId) => ({ state: 'ended', commandId }));
    for (const { command, state } of openCommands.values()) {
      lines.push({ state: 'taken', command });
      if (state === 'started') lines.push({ state, commandId: command.commandId });
    }
    const content = lines.map(encode).join('');
    await replaceFile(path, content);
    bytes = compactedBytes = Buffer.byteLength(content);
    file = await open(path, 'a', 0o600);
  };
  await compact();

  const write = (line: Line): Promise<void> => {
    const done = tail.then(async () => {
      const text = encode(line);
      try {
        await file?.appendFile(text);
        await file?.datasync();
      } catch (error) {
        // Whatever was written of it must not spoil the next line.
        await file?.truncate(bytes);
        if (!isOutOfSpace(error)) throw error;
        throw new AgentServerError('journal_full', 'The disk of the sandbox is full', { cause: error });
      }
      bytes += Buffer.byteLength(text);
      apply(line);
      if (bytes > compactedBytes * 2 + COMPACTED_AT_BYTES) await compact();
    });
    tail = done.catch(() => {});
    return done;
  };

  const taking = new Map<string, Promise<'new' | 'known'>>();
  const knows = (commandId: string) => openCommands.has(commandId) || ended.has(commandId);

  return {
    knows,
    async take(command) {
      const { commandId } = command;
      if (knows(commandId)) return 'known';
      const running = taking.get(commandId);
      if (running) return running.then(() => 'known');
      if (openCommands.size + taking.size >= MOST_OPEN) {
        throw new AgentServerError('capacity', `${MOST_OPEN} commands are open; no more can be taken`);
      }
      const taken = write({ state: 'taken', command }).then(() => 'new' as const);
      taking.set(commandId, taken);
      try {
        return await taken;
      } finally {
        taking.delete(commandId);
      }
    },
    started: (commandId) => write({ state: 'started', commandId }),
    ended: (commandId) => write({ state: 'ended', commandId }),
    open: () => [...openCommands.values()],
    async close() {
      await tail;
      await file?.close();
      file = undefined;
    },
  };
}

const encode = (line: Line): string => `${JSON.stringify(line)}\n`;

async function readLines(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines: Line[] = [];
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue;
    try {
      lines.push(JSON.parse(line) as Line);
    } catch {
      break;
    }
  }
  return lines;
}
