/**
 * Where Claude keeps a session, relative to `CLAUDE_CONFIG_DIR`. `workspace` is the real path of its working directory;
 * a transcript laid there resumes, wherever it was written.
 */
export function claudeTranscriptPaths(
  workspace: string,
  sessionId: string,
): { main: string; subagents: string } {
  const project = `projects/${projectFolder(workspace)}`;
  return { main: `${project}/${sessionId}.jsonl`, subagents: `${project}/${sessionId}/subagents` };
}

/** Longer names are cut, and told apart by a hash of the path. */
const PROJECT_NAME = 200;

function projectFolder(workspace: string): string {
  const name = workspace.replaceAll(/[^a-zA-Z0-9]/g, '-');
  if (name.length <= PROJECT_NAME) return name;
  let hash = 0;
  for (let index = 0; index < workspace.length; index += 1) {
    hash = ((hash << 5) - hash + workspace.charCodeAt(index)) | 0;
  }
  return `${name.slice(0, PROJECT_NAME)}-${Math.abs(hash).toString(36)}`;
}

const SUBAGENT_FILE = /^agent-(.+)\.jsonl$/;

/** The subagent's id, when the file is a subagent's transcript. */
export const subagentIdOfFile = (fileName: string): string | undefined => SUBAGENT_FILE.exec(fileName)?.[1];

export const subagentFiles = (id: string): { raw: string; meta: string } => ({
  raw: `agent-${id}.jsonl`,
  meta: `agent-${id}.meta.json`,
});
