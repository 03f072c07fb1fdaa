import type { AgentProfile, Fidelity, RunnerSetup, Session } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import { archiveOf, bytesOf } from '../files/workspace-archive.ts';
import type { SessionRecord } from '../ports/persistence.ts';
import type { RunnerLink } from '../runner/runner-link.ts';
import type { HeldSandbox } from './sandbox-keeper.ts';

export interface Provisioned {
  fidelity: Fidelity;
  reason?: string | undefined;
  /** Something was taken up from before: worth telling. */
  restored: boolean;
  /** What the runner was told. */
  setup: RunnerSetup;
}

/**
 * Makes a new sandbox's runner ready: the workspace as last saved, the agent's transcript, the profile. May be done again on
 * the same sandbox when a server died in the middle of it.
 */
export async function provision(
  parts: EngineParts,
  held: HeldSandbox,
  link: RunnerLink,
  given: { session: Session; record: SessionRecord; profile: AgentProfile; hasHistory: boolean },
): Promise<Provisioned> {
  const { session, record, profile, hasHistory } = given;
  const { layout } = held.sandbox;
  const saved = await parts.persistence.loadSession(record.sessionId);

  const files = saved?.workspaceFiles ?? [];
  if (files.length > 0) {
    const archive = await archiveOf(files.map((file) => ({ ...file, bytes: bytesOf(file) })));
    await held.sandbox.putTar(layout.workspace, archive);
  }
  const transcript = saved?.rawTranscript;
  const restore = Boolean(transcript && record.agentSessionId);
  if (transcript && record.agentSessionId) {
    const text = (path: string, content: string) => ({ path, bytes: new TextEncoder().encode(content) });
    const archive = await archiveOf([
      text('main.jsonl', transcript),
      text('agent-session-id', record.agentSessionId),
      ...(saved?.subagentTranscripts ?? []).map(({ id, transcript: raw }) =>
        text(`subagents/${id}.jsonl`, raw),
      ),
    ]);
    await held.sandbox.putTar(`${layout.state}/restore`, archive);
  }
  const setup: RunnerSetup = {
    architecture: session.architecture,
    profile,
    sessionOptions: session.sessionOptions,
    allowedTools: session.allowedTools,
    restore,
    ...(record.agentSessionId ? { agentSessionId: record.agentSessionId } : {}),
    ...held.access,
  };
  return { ...(await link.setup(setup)), restored: hasHistory, setup };
}
