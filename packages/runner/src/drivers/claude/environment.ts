import { dirname, join } from 'node:path';
import type { DriverContext } from '../driver.ts';

/** Where Claude keeps its settings and transcripts. */
export const configFolder = (home: string): string => join(home, '.claude');

/** Where Claude puts what it needs for a while. Its own default is one folder for all sessions of a user. */
export const temporaryFolder = (state: string): string => join(state, 'claude-tmp');

const PATH = [dirname(process.execPath), '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'].join(
  ':',
);

/** What a setup may change. Nothing is sent anywhere but to the model. */
const DEFAULTS: Readonly<Record<string, string>> = {
  PATH,
  LANG: 'C.UTF-8',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_TELEMETRY: '1',
  // Notes that Claude keeps for itself beside the transcript would not outlive the sandbox.
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
};

const MARK = 'AGENT_RUNNER_CLAUDE';

/** Marks every process of this agent, children included, as `name=value`. */
export const processMark = (state: string): string => `${MARK}=${state}`;

/** The whole environment of Claude. Nothing is inherited: the runner's own is none of the agent's business. */
export function claudeEnvironment(context: Pick<DriverContext, 'setup' | 'folders' | 'modelUrl'>) {
  const { setup, folders, modelUrl } = context;
  return {
    ...DEFAULTS,
    ...setup.environment,
    ...(modelUrl === undefined ? {} : { ANTHROPIC_BASE_URL: modelUrl }),
    HOME: folders.home,
    CLAUDE_CONFIG_DIR: configFolder(folders.home),
    CLAUDE_CODE_TMPDIR: temporaryFolder(folders.state),
    // Root may skip permission checks only inside a sandbox, which is where it is.
    IS_SANDBOX: '1',
    // The converter learns from these when the agent rests.
    CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
    [MARK]: folders.state,
  };
}
