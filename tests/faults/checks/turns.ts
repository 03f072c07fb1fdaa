import type { SessionEvent } from '@hhopkins/agent-protocol';
import { doubled, type Finding, lost } from '../finding.ts';
import type { Outcome } from '../kinds/kind.ts';
import type { AcknowledgedTurn, SentWorkload } from '../run-workload.ts';
import type { FaultSession } from '../session.ts';

const ENDS = new Set<string>(['turn:completed', 'turn:failed', 'turn:interrupted']);

/** Every acknowledged message was queued once, begun at most once, ended once, in the order of the queue. */
export function checkTurns(session: FaultSession, sent: SentWorkload, outcome: Outcome): Finding[] {
  const turns = [sent.first, sent.second];
  const findings = turns.flatMap((turn, index) => checkTurn(session, `turn ${index + 1}`, turn));
  const ends = turns.map(({ turnId }) => session.endOf(turnId));
  const failed = ends.filter((end) => end?.type === 'turn:failed');
  const queuedAt = eventOf(session, 'turn:queued', sent.first.turnId)?.seq ?? 0;
  const gone = session.seen.events.find(({ type, seq }) => type === 'sandbox:lost' && seq > queuedAt);
  for (const end of ends) {
    if (!end || end.type === 'turn:completed') continue;
    const { code = end.type } = end.payload as { code?: string };
    if (code !== outcome) findings.push(lost(`a turn ended as ${code}, which is not the outcome ${outcome}`));
  }
  if (failed.length > 1) findings.push(lost(`one fault ended ${failed.length} turns`));
  if (gone && outcome !== 'sandbox_lost')
    findings.push(lost(`the sandbox was lost: ${JSON.stringify(gone.payload)}`));
  const [first, second] = turns.map(({ turnId }) => eventOf(session, 'turn:started', turnId));
  const end = ends[0];
  if (second && end && second.seq < end.seq)
    findings.push(doubled('the second turn began before the first ended'));
  if (first && second && second.seq < first.seq) findings.push(lost('the turns changed places'));
  return findings;
}

/** Nothing was queued but what the clients know of: a message that is repeated under its key is no second one. */
export function checkNothingElse(session: FaultSession, turns: readonly AcknowledgedTurn[]): Finding[] {
  for (const { turnId } of turns) session.acknowledged.add(turnId);
  return session.seen.events.flatMap((event) => {
    if (event.type !== 'turn:queued' || session.acknowledged.has(event.payload.turnId)) return [];
    const { turnId, content } = event.payload;
    return [doubled(`turn ${turnId} is of no answer: ${JSON.stringify(content).slice(0, 100)}`)];
  });
}

/** Completed, and answered. */
export function checkNext(session: FaultSession, turn: AcknowledgedTurn): Finding[] {
  const end = session.endOf(turn.turnId);
  const findings = checkTurn(session, 'the next turn', turn);
  if (end?.type !== 'turn:completed')
    findings.push(lost(`the next turn ended as ${JSON.stringify(end?.payload)}`));
  return findings;
}

function checkTurn(session: FaultSession, name: string, { turnId, messageId }: AcknowledgedTurn): Finding[] {
  const of = session.seen.events.filter(({ payload }) => (payload as { turnId?: string }).turnId === turnId);
  const count = (fits: (event: SessionEvent) => boolean) => of.filter(fits).length;
  const findings: Finding[] = [];
  const exactly = (what: string, number: number) => {
    if (number > 1) findings.push(doubled(`${name} ${what} ${number} times`));
    if (number < 1) findings.push(lost(`${name} never ${what}`));
  };
  exactly(
    'was queued',
    count(({ type }) => type === 'turn:queued'),
  );
  exactly(
    'ended',
    count(({ type }) => ENDS.has(type)),
  );
  const starts = count(({ type }) => type === 'turn:started');
  if (starts > 1) findings.push(doubled(`${name} began ${starts} times`));
  const shown = session.seen.state().conversation.blocks.filter(({ id }) => id === messageId).length;
  if (shown > 1 || (shown === 0 && starts === 1)) {
    findings.push((shown > 1 ? doubled : lost)(`the message of ${name} is shown ${shown} times`));
  }
  return findings;
}

const eventOf = (session: FaultSession, wanted: string, turnId: string): SessionEvent | undefined =>
  session.seen.events.find(
    ({ type, payload }) => type === wanted && (payload as { turnId?: string }).turnId === turnId,
  );
