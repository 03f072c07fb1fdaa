import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile, replaceFile } from '../../files/durable.ts';

const memorySchema = z.object({
  /** Of Claude's own session. */
  sessionId: z.uuid(),
  /** What the agent must still be told of a conversation that it cannot resume. */
  replay: z.string().optional(),
});
export type SessionMemory = z.infer<typeof memorySchema>;

/** What a later driver of the same session in the same sandbox must know. */
export interface SessionMemoryFile {
  read(): Promise<SessionMemory | undefined>;
  write(memory: SessionMemory): Promise<void>;
}

export function sessionMemoryFile(stateFolder: string): SessionMemoryFile {
  const path = join(stateFolder, 'claude-session.json');
  return {
    read: async () => memorySchema.safeParse(await readJsonFile(path)).data,
    write: (memory) => replaceFile(path, `${JSON.stringify(memory)}\n`),
  };
}
