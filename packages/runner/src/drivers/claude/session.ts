import { randomUUID } from 'node:crypto';
import { realpath, rm } from 'node:fs/promises';
import { claude } from '@hhopkins/agent-converters';
import type { Fidelity } from '@hhopkins/agent-protocol';
import type { AgentTranscript, DriverContext } from '../driver.ts';
import { configFolder } from './environment.ts';
import { renderReplay } from './replay.ts';
import { type SessionMemory, sessionMemoryFile } from './session-memory.ts';
import {
  isResumable,
  readMain,
  readSubagents,
  transcriptPlace,
  writeTranscript,
} from './transcript-files.ts';
import { isUuid, messageUuid } from './user-message.ts';

/** How a new `claude` program takes up the session. */
export interface SessionStart {
  options: { resume: string } | { sessionId: string };
  /** To be told before the first message. */
  replay?: string | undefined;
}

/** Claude's own session: its id, and its transcript on disk. */
export interface ClaudeSession {
  prepareStart(): Promise<SessionStart>;
  import(saved: AgentTranscript): Promise<{ fidelity: Fidelity; reason?: string }>;
  export(): Promise<AgentTranscript | null>;
  hasMessage(messageId: string): Promise<boolean>;
}

export function createClaudeSession({
  setup,
  folders,
}: Pick<DriverContext, 'setup' | 'folders'>): ClaudeSession {
  const memoryFile = sessionMemoryFile(folders.state);
  let known: Promise<SessionMemory> | undefined;

  function remember(memory: SessionMemory): Promise<SessionMemory> {
    known = memoryFile.write(memory).then(() => memory);
    return known;
  }

  function recall(): Promise<SessionMemory> {
    known ??= readOrBegin();
    return known;
  }

  /** What an earlier driver in this sandbox left is newer than what the setup says. */
  async function readOrBegin(): Promise<SessionMemory> {
    const { agentSessionId } = setup;
    const named = agentSessionId !== undefined && isUuid(agentSessionId) ? agentSessionId : undefined;
    const memory = (await memoryFile.read()) ?? { sessionId: named ?? randomUUID() };
    await memoryFile.write(memory);
    return memory;
  }

  const placeOf = async (sessionId: string) =>
    transcriptPlace(configFolder(folders.home), await realpath(folders.workspace), sessionId);

  return {
    async prepareStart() {
      const { sessionId, replay } = await recall();
      const place = await placeOf(sessionId);
      if (isResumable(await readMain(place))) return { options: { resume: sessionId } };
      // Claude refuses to begin a session whose file exists, and to resume one without a message.
      await rm(place.main, { force: true });
      return { options: { sessionId }, replay };
    },

    async import(saved) {
      if (isUuid(saved.agentSessionId) && isResumable(saved.main)) {
        await writeTranscript(await placeOf(saved.agentSessionId), saved);
        await remember({ sessionId: saved.agentSessionId });
        return { fidelity: 'native' };
      }
      const { conversation } = claude.parseClaudeTranscript(saved);
      const replay = renderReplay(conversation);
      await remember({ sessionId: randomUUID(), ...(replay === '' ? {} : { replay }) });
      if (replay === '') return { fidelity: 'fresh', reason: 'The saved transcript holds no message' };
      return { fidelity: 'replayed', reason: `Claude cannot resume the session "${saved.agentSessionId}"` };
    },

    async export() {
      const { sessionId } = await recall();
      const place = await placeOf(sessionId);
      const main = await readMain(place);
      if (main === '') return null;
      return { agentSessionId: sessionId, main, subagents: await readSubagents(place) };
    },

    async hasMessage(messageId) {
      const { sessionId } = await recall();
      return claude.transcriptHasMessage(await readMain(await placeOf(sessionId)), messageUuid(messageId));
    },
  };
}
