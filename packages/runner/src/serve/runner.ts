import { mkdir } from 'node:fs/promises';
import { withDeadline } from '../deadline.ts';
import { openInbox } from '../inbox/inbox.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { openProcessRegistry } from '../processes/registry.ts';
import { DEADLINES, type RunnerSettings } from '../settings.ts';
import type { StreamSources } from '../streams/streams.ts';
import { createAgentHost } from '../supervisor/agent-host.ts';
import { createRecorder } from '../supervisor/recorder.ts';
import { recover } from '../supervisor/recovery.ts';
import { readSetup } from '../supervisor/setup-store.ts';
import { createSupervisor, type Supervisor } from '../supervisor/supervisor.ts';
import { createWorkspaceTracker } from '../workspace/tracker.ts';
import { type EpochKeeper, openEpoch } from './epoch.ts';
import type { LogLine } from './log.ts';
import { layOutState } from './state-folder.ts';

/** A runner's parts, put together, without the socket. */
export interface Runner {
  readonly journal: Journal;
  readonly epochs: EpochKeeper;
  readonly supervisor: Supervisor;
  readonly sources: StreamSources;
  /** Resolves when what an earlier runner left is cleared up. */
  readonly ready: Promise<void>;
  /** Ends the agent, and leaves everything in good order. */
  stop(): Promise<void>;
  /** Ends the agent's processes, when nothing can be left in good order any more. */
  kill(): Promise<void>;
}

export interface RunnerOptions {
  state: string;
  workspace: string;
  home: string;
  settings: RunnerSettings;
  log: LogLine;
  /** The disk refuses; the process must end. */
  onFailure(error: unknown): void;
}

export async function openRunner(options: RunnerOptions): Promise<Runner> {
  const { workspace, home, settings, log } = options;
  const state = layOutState(options.state);
  for (const folder of [state.driver, workspace, home]) await mkdir(folder, { recursive: true });

  const journal = await openJournal({
    folder: state.journal,
    maximumBytes: settings.journalBytes,
    onFull: () => supervisor.journalFull(),
    onFailure: options.onFailure,
  });
  const [inbox, epochs, processes, stored] = await Promise.all([
    openInbox(state.inbox),
    openEpoch(state.epoch),
    openProcessRegistry(state.processes),
    readSetup(state.setup),
  ]);

  const recorder = createRecorder({
    journal,
    coalesceMs: settings.coalesceMs,
    turnId: () => supervisor.activeTurnId() ?? undefined,
    onFull: () => supervisor.journalFull(),
  });
  const host = createAgentHost({
    folders: { workspace, home, state: state.driver },
    processes,
    emit(event) {
      if (supervisor.listening()) recorder.record(event);
    },
    beginTurn: (driver, ended) => supervisor.beginTurn(driver, ended),
    log,
  });
  const tracker = createWorkspaceTracker({
    workspace,
    ignored: settings.ignored,
    maximumFiles: settings.workspaceFiles,
    maximumFileBytes: settings.workspaceFileBytes,
    known: journal.state.files,
    write: (event) => recorder.write(event),
  });
  const supervisor = createSupervisor({
    inbox,
    journal,
    recorder,
    host,
    tracker,
    log,
    paths: { setup: state.setup, restore: state.restore },
    interruptMs: settings.interruptMs,
    stored,
  });

  const clearUp = async () => {
    const turn = await recover({
      inbox,
      journal,
      recorder,
      host,
      processes,
      configured: stored !== null,
      log,
    });
    if (!stored) return;
    await withDeadline(tracker.scan(), DEADLINES.scan, 'scan of the workspace').catch((error: Error) =>
      log('warn', error.message),
    );
    if (turn) supervisor.resume(turn);
  };

  return {
    journal,
    epochs,
    supervisor,
    sources: {
      workspace,
      ignored: settings.ignored,
      scan: () => supervisor.scan(),
      exportTranscript: () => supervisor.exportTranscript(),
    },
    ready: clearUp(),
    kill: () => processes.endAll(),
    async stop() {
      await supervisor.stop();
      await processes.endAll();
      recorder.settle();
      await inbox.close();
      await journal.close();
    },
  };
}
