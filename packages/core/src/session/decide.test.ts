import { describe, expect, it } from 'vitest';
import type { EngineSettings } from '../settings.ts';
import { decide, type SessionFacts, type Step } from './decide.ts';

const REST: SessionFacts = {
  logUncertain: false,
  terminated: false,
  releasing: false,
  claimed: false,
  sandbox: 'none',
  runner: 'none',
  mayConnect: true,
  nextTurnId: null,
  activeTurnId: null,
  handedTurnId: null,
  controlsWaiting: false,
  wakeRequested: false,
  turnSilent: false,
  asksOverdue: false,
  idle: false,
};
const HELD: SessionFacts = { ...REST, claimed: true, sandbox: 'held' };
const CONNECTED: SessionFacts = { ...HELD, runner: 'connected' };

const TABLE: [string, SessionFacts, Step | null][] = [
  ['at rest: nothing', REST, null],
  ['a message without a sandbox: make one', { ...REST, nextTurnId: 't' }, 'create-sandbox'],
  ['somebody wakes it: make one', { ...REST, wakeRequested: true }, 'create-sandbox'],
  ['a claim from before: look for it', { ...REST, claimed: true }, 'reclaim-sandbox'],
  [
    'a claim and a message: look for it first',
    { ...REST, claimed: true, nextTurnId: 't' },
    'reclaim-sandbox',
  ],
  ['a turn that runs nowhere: find that out', { ...REST, activeTurnId: 't' }, 'reclaim-sandbox'],
  ['commands for a runner that is gone: settle them', { ...REST, controlsWaiting: true }, 'deliver-controls'],
  [
    'commands for a runner that is gone come before a new sandbox',
    { ...REST, controlsWaiting: true, nextTurnId: 't' },
    'deliver-controls',
  ],
  ['a sandbox without a connection: connect', HELD, 'connect-runner'],
  ['after a broken connection: wait a little', { ...HELD, mayConnect: false }, null],
  ['connected, nothing to do: nothing', CONNECTED, null],
  ['connected, a message: hand it out', { ...CONNECTED, nextTurnId: 't' }, 'hand-turn'],
  ['one that was handed out: wait for it', { ...CONNECTED, nextTurnId: 't', handedTurnId: 't' }, null],
  [
    'a message that came before the one handed out: wait',
    { ...CONNECTED, nextTurnId: 'u', handedTurnId: 't' },
    null,
  ],
  ['a turn runs: wait for it', { ...CONNECTED, activeTurnId: 't' }, null],
  [
    'a turn runs, commands wait: deliver them',
    { ...CONNECTED, activeTurnId: 't', controlsWaiting: true },
    'deliver-controls',
  ],
  [
    'commands come before the next message',
    { ...CONNECTED, nextTurnId: 't', controlsWaiting: true },
    'deliver-controls',
  ],
  [
    'a turn too long silent: end it',
    { ...CONNECTED, activeTurnId: 't', turnSilent: true },
    'end-silent-turn',
  ],
  [
    'a turn that was handed out and never began: end it',
    { ...CONNECTED, nextTurnId: 't', handedTurnId: 't', turnSilent: true },
    'end-silent-turn',
  ],
  ['an ask too long open: answer it', { ...CONNECTED, activeTurnId: 't', asksOverdue: true }, 'expire-asks'],
  ['too long unused: give the sandbox back', { ...CONNECTED, idle: true }, 'release-sandbox'],
  ['a message in the last moment goes first', { ...CONNECTED, idle: true, nextTurnId: 't' }, 'hand-turn'],
  ['a sandbox on its way out: end it', { ...CONNECTED, releasing: true }, 'end-sandbox'],
  [
    'a message while the sandbox is on its way out: end it first, and hand it nothing',
    { ...CONNECTED, releasing: true, nextTurnId: 't' },
    'end-sandbox',
  ],
  [
    'a sandbox that another server began to end: end it, do not connect to it',
    { ...REST, releasing: true, claimed: true, nextTurnId: 't' },
    'end-sandbox',
  ],
  ['once it is gone: a new one', { ...REST, releasing: true, nextTurnId: 't' }, 'create-sandbox'],
  ['ended, with a sandbox: end it', { ...CONNECTED, terminated: true }, 'end-sandbox'],
  ['ended, with a claim: end what it names', { ...REST, terminated: true, claimed: true }, 'end-sandbox'],
  ['ended: nothing', { ...REST, terminated: true }, null],
  ['ended, although messages wait: nothing', { ...REST, terminated: true, nextTurnId: 't' }, null],
  ['the log is uncertain: wait for it', { ...CONNECTED, logUncertain: true, nextTurnId: 't' }, null],
];

describe('the next step of a session', () => {
  it.each(TABLE)('%s', (_name, facts, step) => {
    expect(decide(facts)).toBe(step);
  });
});

const BOOLEANS = [false, true];
const TURNS = [null, 't'];

function* everyCombination(): Generator<SessionFacts> {
  for (const sandbox of ['none', 'held'] as const)
    for (const runner of ['none', 'connected'] as const)
      for (const nextTurnId of TURNS)
        for (const activeTurnId of TURNS)
          for (const handedTurnId of TURNS)
            for (let bits = 0; bits < 2 ** 10; bits += 1) {
              const bit = (index: number) => BOOLEANS[(bits >> index) & 1] ?? false;
              yield {
                logUncertain: bit(0),
                terminated: bit(1),
                claimed: bit(2),
                mayConnect: bit(3),
                controlsWaiting: bit(4),
                wakeRequested: bit(5),
                turnSilent: bit(6),
                asksOverdue: bit(7),
                idle: bit(8),
                releasing: bit(9),
                sandbox,
                runner,
                nextTurnId,
                activeTurnId,
                handedTurnId,
              };
            }
}

/** The watchdog or the outside signal that ends a wait; null where there is none, which would be a session that hangs. */
function awaited(facts: SessionFacts): keyof EngineSettings | 'the store' | 'somebody' | 'the pause' | null {
  if (facts.logUncertain) return 'the store';
  const has = facts.claimed || facts.sandbox === 'held';
  if (facts.terminated) return has ? null : 'somebody';
  if (facts.releasing && has) return null;
  if (facts.sandbox === 'none') {
    const work = facts.nextTurnId || facts.activeTurnId || facts.controlsWaiting || facts.wakeRequested;
    return work || facts.claimed ? null : 'somebody';
  }
  if (facts.runner === 'none') return facts.mayConnect ? null : 'the pause';
  // The first watches the turn, the second what it asks.
  if (facts.turnSilent || facts.asksOverdue || facts.controlsWaiting) return null;
  if (facts.activeTurnId || facts.handedTurnId) return facts.idle ? null : 'turnTimeoutMs';
  return facts.nextTurnId || facts.idle ? null : 'idleTimeoutMs';
}

// [LIFE-every-wait-bounded]
it('every state has a way out: a step, a watchdog that a setting names, or somebody who comes', () => {
  for (const facts of everyCombination()) {
    if (decide(facts) === null) expect(awaited(facts), JSON.stringify(facts)).not.toBeNull();
  }
});
