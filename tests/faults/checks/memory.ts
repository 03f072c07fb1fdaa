import { textOf } from '../../src/harness/blocks.ts';
import { doubled, type Finding, lost } from '../finding.ts';
import type { Scene } from '../scene.ts';
import type { FaultSession } from '../session.ts';

/** What the agent said of earlier messages, in the turn that asked. */
export function recollection(session: FaultSession, turnId: string): string {
  const ids = new Set(
    session.seen.events.flatMap((event) =>
      event.type === 'block:upsert' && event.context.turnId === turnId ? [event.payload.block.id] : [],
    ),
  );
  return textOf(session.seen.state().conversation.blocks.filter(({ id }) => ids.has(id)));
}

/** @param marks of messages that must be remembered */
export function checkMemory(said: string, marks: readonly string[]): Finding[] {
  const forgotten = marks.filter((mark) => !said.includes(mark));
  if (forgotten.length === 0) return [];
  return [lost(`the agent forgot ${forgotten.join(', ')}: it said ${JSON.stringify(said.slice(0, 300))}`)];
}

/** Commands have their outcome in the store too, and the agent was told each message once. */
export function checkStore(scene: Scene, session: FaultSession, messageIds: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  const open = scene.store.query<{ command_id: string; state: string }>(
    "SELECT command_id, state FROM agent_commands WHERE session_id = ? AND state <> 'ended'",
    session.id,
  );
  if (open.length > 0)
    findings.push(lost(`commands have no outcome in the store: ${JSON.stringify(open).slice(0, 200)}`));
  if (scene.options.agent !== 'scripted') return findings;
  const [transcript] = scene.store.query<{ raw: string }>(
    "SELECT raw FROM agent_transcripts WHERE session_id = ? AND subagent_id = ''",
    session.id,
  );
  const lines = (transcript?.raw ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; messageId?: string });
  for (const messageId of messageIds) {
    const times = lines.filter((line) => line.type === 'user' && line.messageId === messageId).length;
    if (times > 1) findings.push(doubled(`the agent was told message ${messageId} ${times} times`));
  }
  return findings;
}
