import type { DatabaseSync } from 'node:sqlite';
import { createAgentProfileTable } from './agent-profiles.ts';
import { createEpochs } from './epochs.ts';
import { createAppend } from './event-log/append.ts';
import { createCommandTable } from './event-log/commands.ts';
import { createRead } from './event-log/read.ts';
import { createSnapshotTable } from './event-log/snapshots.ts';
import { createStreamLookup } from './event-log/stream.ts';
import { createLeases } from './leases.ts';
import { createSessionList } from './list-sessions.ts';
import { createSessionTable } from './sessions.ts';
import { createTranscriptTable } from './transcripts.ts';
import { createWorkspaceFileTable } from './workspace-files.ts';

/** Every table of an open database, with its statements prepared. */
export type Store = ReturnType<typeof createStore>;

export function createStore(database: DatabaseSync) {
  const epochs = createEpochs(database);
  const findStream = createStreamLookup(database);
  const commands = createCommandTable(database);
  const snapshots = createSnapshotTable(database, findStream);
  const selectDeployment = database.prepare('SELECT id FROM agent_deployment');
  const removals = [
    'agent_events',
    'agent_snapshots',
    'agent_commands',
    'agent_streams',
    'agent_transcripts',
    'agent_workspace_files',
    'agent_sessions',
  ].map((table) => database.prepare(`DELETE FROM ${table} WHERE session_id = ?`));

  return {
    epochs,
    findStream,
    commands,
    snapshots,
    leases: createLeases(epochs),
    append: createAppend(database, { epochs, commands, findStream }),
    readEvents: createRead(database, { snapshots, findStream }),
    sessions: createSessionTable(database),
    listSessions: createSessionList(database),
    transcripts: createTranscriptTable(database),
    workspaceFiles: createWorkspaceFileTable(database),
    agentProfiles: createAgentProfileTable(database),
    deploymentId: () => String(selectDeployment.get()?.id),
    /** Everything of the session, table by table: a caller's connection may have foreign keys off. */
    removeSession(sessionId: string): void {
      for (const removal of removals) removal.run(sessionId);
    },
  };
}
