import { doubled, type Finding, lost } from '../finding.ts';
import type { Scene } from '../scene.ts';
import type { FaultSession } from '../session.ts';
import type { Workload } from '../workload.ts';

/** Files that completed turns left are there, in the sandbox and, since they were saved, in the store. */
export async function checkFiles(scene: Scene, session: FaultSession): Promise<Finding[]> {
  const findings: Finding[] = [];
  const rows = scene.store.query<{ path: string; content: string | Uint8Array }>(
    'SELECT path, content FROM agent_workspace_files WHERE session_id = ?',
    session.id,
  );
  const stored = new Map(rows.map(({ path, content }) => [path, Buffer.from(content).toString('utf8')]));
  for (const [path, content] of session.files) {
    const now = await scene.rest.file(session.id, path).catch((error: Error) => `(${error.message})`);
    if (now.trim() !== content) findings.push(lost(`${path} has ${JSON.stringify(now.slice(0, 100))}`));
    const saved = stored.get(path);
    if (saved?.trim() !== content) findings.push(lost(`the store has ${JSON.stringify(saved)} as ${path}`));
  }
  return findings;
}

/** A command that the agent ran leaves a line each time. */
export async function checkEffects(
  scene: Scene,
  session: FaultSession,
  workload: Workload,
  completed: boolean,
): Promise<Finding[]> {
  if (!workload.ranLog) return [];
  const text = await scene.rest.file(session.id, workload.ranLog).catch(() => '');
  const times = text.split('\n').filter((line) => line.trim() === workload.mark).length;
  if (times > 1) return [doubled(`the command of one message ran ${times} times`)];
  if (times === 0 && completed) return [lost('the command of a completed turn left nothing')];
  return [];
}
