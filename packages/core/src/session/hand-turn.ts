import { AgentServerError } from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import type { RunnerLink } from '../runner/runner-link.ts';
import { canonicalJson } from '../support/hash.ts';
import { failTurn } from './losses.ts';
import { isPassing } from './passing-faults.ts';
import { nextTurn, type SessionContext } from './session-context.ts';

/** Gives the runner the next message. One that it refuses for good has its outcome. */
export async function handTurn(context: SessionContext): Promise<void> {
  const { link, stream, turnCommands } = context;
  const next = nextTurn(context);
  if (!next || !link) return;
  const { turnId, messageId, content } = next;
  // Set first: `turn:started` may overtake the answer.
  context.handedTurnId = turnId;
  try {
    await tellOptions(context, link);
    await link.command({ type: 'turn', commandId: turnId, turnId, messageId, content });
  } catch (error) {
    if (context.handedTurnId === turnId) context.handedTurnId = null;
    const refusal = AgentServerError.from(error);
    if (isPassing(refusal)) throw refusal;
    await context.append({ events: failTurn(context, turnId, refusal.code, refusal.message) });
    return;
  }
  const command = turnCommands.get(turnId);
  // Its start may be on its way into the log already: what is written behind that would take it back.
  const waits = stream.latest().session.queue.some((turn) => turn.turnId === turnId);
  if (command?.state !== 'queued' || !waits) return;
  const taken: CommandRecord = { ...command, state: 'taken' };
  turnCommands.set(turnId, taken);
  await context.append({ events: [], commands: [taken] });
}

/** Options that were changed since the runner was set up count from this turn on. */
async function tellOptions(context: SessionContext, link: RunnerLink): Promise<void> {
  const { setup, stream, record } = context;
  const { sessionOptions, allowedTools } = stream.latest().session;
  if (!setup || canonicalJson(setup.sessionOptions) === canonicalJson(sessionOptions)) return;
  const { agentSessionId = setup.agentSessionId } = record.current();
  const changed = { ...setup, sessionOptions, allowedTools, ...(agentSessionId ? { agentSessionId } : {}) };
  await link.setup(changed);
  context.setup = changed;
}
