/**
 * Where Claude keeps a session, relative to `CLAUDE_CONFIG_DIR`. `workspace` is the real path of its working directory;
 * a transcript laid there resumes, wherever it was written.
 */
export function claudeTranscriptPaths(
  workspace: string,
  sessionId: string,
): { main: string; subagents: string } {
  const project = `projects/${workspace.replaceAll(/[^a-zA-Z0-9]/g, '-')}`;
  return { main: `${project}/${sessionId}.jsonl`, subagents: `${project}/${sessionId}/subagents` };
}

const SUBAGENT_FILE = /^agent-(.+)\.jsonl$/;

/** The subagent's id, when the file is a subagent's transcript. */
export const subagentIdOfFile = (fileName: string): string | undefined => SUBAGENT_FILE.exec(fileName)?.[1];

export const subagentFiles = (id: string): { raw: string; meta: string } => ({
  raw: `agent-${id}.jsonl`,
  meta: `agent-${id}.meta.json`,
});
