/** What a session's next step depends on. */
export interface SessionFacts {
  /** What became of the last append is not known: nothing can be decided until the log has said it. */
  logUncertain: boolean;
  terminated: boolean;
  /** The sandbox is being ended, or was given up as lost: what is left of it takes no turn any more. */
  releasing: boolean;
  /** The record names a sandbox, or the intent to have one. */
  claimed: boolean;
  sandbox: 'none' | 'held';
  runner: 'none' | 'connected';
  /** The pause after a broken connection is over. */
  mayConnect: boolean;
  /** The message to hand out next, when no turn runs. */
  nextTurnId: string | null;
  activeTurnId: string | null;
  /** The turn that the runner was handed, until it starts or the connection is lost. */
  handedTurnId: string | null;
  controlsWaiting: boolean;
  wakeRequested: boolean;
  turnSilent: boolean;
  asksOverdue: boolean;
  idle: boolean;
}

export type Step =
  | 'end-sandbox'
  | 'reclaim-sandbox'
  | 'create-sandbox'
  | 'connect-runner'
  | 'end-silent-turn'
  | 'expire-asks'
  | 'deliver-controls'
  | 'hand-turn'
  | 'release-sandbox';

/**
 * The whole lifecycle of a session in one place: the one thing to do now, or null when there is only to wait. Everything that
 * happens leads here again.
 */
export function decide(facts: SessionFacts): Step | null {
  const { terminated, releasing, claimed, sandbox, runner, nextTurnId, activeTurnId, handedTurnId } = facts;
  if (facts.logUncertain) return null;
  if ((terminated || releasing) && (claimed || sandbox === 'held')) return 'end-sandbox';
  if (terminated) return null;

  if (sandbox === 'none') {
    // A turn may run in a sandbox that nobody knows any more: reclaiming finds none and closes it.
    if (claimed || activeTurnId) return 'reclaim-sandbox';
    if (facts.controlsWaiting) return 'deliver-controls';
    return nextTurnId || facts.wakeRequested ? 'create-sandbox' : null;
  }
  if (runner === 'none') return facts.mayConnect ? 'connect-runner' : null;

  if (facts.turnSilent) return 'end-silent-turn';
  if (facts.asksOverdue) return 'expire-asks';
  if (facts.controlsWaiting) return 'deliver-controls';
  if (nextTurnId && !activeTurnId && !handedTurnId) return 'hand-turn';
  if (facts.idle) return 'release-sandbox';
  return null;
}
