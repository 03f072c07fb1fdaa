import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Effect, type Input, initialMachine, type Machine, step, type TimerName } from './machine.ts';
import { type ConnectionPolicy, DEFAULT_POLICY } from './policy.ts';

const policy: ConnectionPolicy = { ...DEFAULT_POLICY, webSockets: true, canRenew: false };
const renewing: ConnectionPolicy = { ...policy, canRenew: true };
const idle = initialMachine(policy);
const opening: Machine = { ...idle, phase: 'opening', wanted: true };
const open: Machine = { ...opening, phase: 'open' };
const stable: Machine = { ...open, stable: true };
const waiting: Machine = { ...opening, phase: 'waiting', failures: 1 };
const overSse: Machine = { ...open, transport: 'sse', blocked: 3, failures: 3 };
const closed: Machine = { ...idle, phase: 'closed' };
const unauthorized: Machine = { ...opening, phase: 'unauthorized' };

const lost: Input = { type: 'ended', why: 'lost' };
const restart: Input = { type: 'ended', why: 'restart' };
const refused: Input = { type: 'ended', why: 'unauthorized' };
const timer = (name: Exclude<TimerName, 'quiet'>): Input => ({ type: 'timer', timer: name });

/** What an effect does, in a word: timers with their delay, links with their transport. */
function told(effects: readonly Effect[]): string[] {
  return effects
    .filter(({ type }) => type !== 'cancel')
    .map((effect) => {
      if (effect.type === 'set') return `${effect.timer} in ${effect.milliseconds}`;
      if (effect.type === 'open')
        return `open ${effect.transport}${effect.renewKey ? ' with a new key' : ''}`;
      return effect.type;
    });
}

interface Row {
  when: string;
  from: Machine;
  input: Input;
  becomes: Partial<Machine>;
  does: string[];
  policy?: ConnectionPolicy;
}

const table: Row[] = [
  {
    when: 'something needs it',
    from: idle,
    input: { type: 'wanted' },
    becomes: { phase: 'opening' },
    does: ['open in 10000', 'open websocket'],
  },
  {
    when: 'the server is ready',
    from: opening,
    input: { type: 'ready' },
    becomes: { phase: 'open' },
    does: ['quiet in 10000', 'stable in 5000'],
  },
  {
    when: 'the server does not get ready',
    from: opening,
    input: timer('open'),
    becomes: { phase: 'waiting', failures: 1, blocked: 1 },
    does: ['drop', 'retry in 188'],
  },
  {
    when: 'a good connection is lost',
    from: stable,
    input: lost,
    becomes: { phase: 'waiting', failures: 1, blocked: 0 },
    does: ['retry in 188'],
  },
  {
    when: 'it fails again',
    from: { ...opening, failures: 3 },
    input: lost,
    becomes: { phase: 'waiting', failures: 4 },
    does: ['retry in 1500'],
  },
  {
    when: 'it fails for ever',
    from: { ...opening, failures: 99 },
    input: lost,
    becomes: { phase: 'waiting' },
    does: ['retry in 11250'],
  },
  {
    when: 'the server restarts',
    from: stable,
    input: restart,
    becomes: { phase: 'waiting', blocked: 0 },
    does: ['retry in 125'],
  },
  {
    when: 'the server restarts again and again',
    from: { ...open, failures: 5 },
    input: restart,
    becomes: { phase: 'waiting', failures: 6 },
    does: ['retry in 6000'],
  },
  {
    when: 'the wait is over',
    from: waiting,
    input: timer('retry'),
    becomes: { phase: 'opening' },
    does: ['open in 10000', 'open websocket'],
  },
  {
    when: 'it held for a while',
    from: { ...open, failures: 7, blocked: 2 },
    input: timer('stable'),
    becomes: { stable: true, failures: 0, blocked: 0 },
    does: [],
  },
  {
    when: 'nothing was heard for too long',
    from: stable,
    input: { type: 'timer', timer: 'quiet', silentMs: 10_000 },
    becomes: { phase: 'open', probing: true },
    does: ['pong in 5000', 'ping'],
  },
  {
    when: 'something was heard meanwhile',
    from: stable,
    input: { type: 'timer', timer: 'quiet', silentMs: 4_000 },
    becomes: { probing: false },
    does: ['quiet in 6000'],
  },
  {
    when: 'the probe is answered',
    from: { ...stable, probing: true },
    input: { type: 'heard' },
    becomes: { probing: false },
    does: ['quiet in 10000'],
  },
  {
    when: 'the probe is not answered',
    from: { ...stable, probing: true },
    input: timer('pong'),
    becomes: { phase: 'waiting' },
    does: ['drop', 'retry in 188'],
  },
  {
    when: 'the network is back',
    from: { ...waiting, failures: 9 },
    input: { type: 'hint' },
    becomes: { phase: 'opening', failures: 0 },
    does: ['open in 10000', 'open websocket'],
  },
  {
    when: 'the page is looked at again',
    from: stable,
    input: { type: 'hint' },
    becomes: { probing: true },
    does: ['pong in 5000', 'ping'],
  },
  {
    when: 'the key is refused and cannot be replaced',
    from: opening,
    input: refused,
    becomes: { phase: 'unauthorized' },
    does: [],
  },
  {
    when: 'the key is refused and can be replaced',
    from: stable,
    input: refused,
    becomes: { phase: 'opening', renewed: true },
    does: ['open in 10000', 'open websocket with a new key'],
    policy: renewing,
  },
  {
    when: 'the new key is refused too',
    from: { ...opening, renewed: true },
    input: refused,
    becomes: { phase: 'unauthorized' },
    does: [],
    policy: renewing,
  },
  {
    when: 'the new key is taken',
    from: { ...opening, renewed: true },
    input: { type: 'ready' },
    becomes: { renewed: false },
    does: ['quiet in 10000', 'stable in 5000'],
    policy: renewing,
  },
  {
    when: 'the network is back, but the key was refused',
    from: unauthorized,
    input: { type: 'hint' },
    becomes: { phase: 'unauthorized' },
    does: [],
  },
  {
    when: 'the user tries again after a refusal',
    from: unauthorized,
    input: { type: 'reconnect' },
    becomes: { phase: 'opening' },
    does: ['open in 10000', 'open websocket with a new key'],
    policy: renewing,
  },
  {
    when: 'the user tries again while it is open',
    from: stable,
    input: { type: 'reconnect' },
    becomes: { phase: 'opening' },
    does: ['drop', 'open in 10000', 'open websocket'],
  },
  {
    when: 'WebSockets failed often enough',
    from: { ...opening, blocked: 2, failures: 2 },
    input: lost,
    becomes: { phase: 'waiting', transport: 'sse' },
    does: ['retry in 750'],
  },
  {
    when: 'server-sent events fail too',
    from: { ...opening, transport: 'sse', blocked: 3, failures: 3 },
    input: lost,
    becomes: { phase: 'waiting', transport: 'websocket' },
    does: ['retry in 1500'],
  },
  {
    when: 'server-sent events serve',
    from: { ...opening, transport: 'sse', blocked: 3 },
    input: { type: 'ready' },
    becomes: { phase: 'open' },
    does: ['quiet in 10000', 'stable in 5000', 'upgrade in 2000'],
  },
  {
    when: 'good server-sent events are lost',
    from: { ...overSse, stable: true },
    input: lost,
    becomes: { transport: 'sse' },
    does: ['retry in 188'],
  },
  {
    when: 'it is time to try a WebSocket again',
    from: overSse,
    input: timer('upgrade'),
    becomes: { upgrading: true, upgrades: 1 },
    does: ['try-upgrade', 'upgrade in 10000'],
  },
  {
    when: 'that works',
    from: { ...overSse, upgrading: true },
    input: { type: 'upgraded' },
    becomes: { phase: 'open', transport: 'websocket', upgrading: false },
    does: ['take-upgrade', 'quiet in 10000', 'stable in 5000'],
  },
  {
    when: 'that fails',
    from: { ...overSse, upgrading: true, upgrades: 3 },
    input: { type: 'upgrade-failed' },
    becomes: { transport: 'sse', upgrading: false },
    does: ['upgrade in 16000'],
  },
  {
    when: 'that hangs',
    from: { ...overSse, upgrading: true, upgrades: 1 },
    input: timer('upgrade'),
    becomes: { upgrading: false },
    does: ['drop-upgrade', 'upgrade in 4000'],
  },
  {
    when: 'it is lost while a WebSocket is tried',
    from: { ...overSse, upgrading: true },
    input: lost,
    becomes: { phase: 'waiting', upgrading: false },
    does: ['drop-upgrade', 'retry in 1500'],
  },
  {
    when: 'there are no WebSockets at all',
    from: { ...opening, transport: 'sse' },
    input: lost,
    becomes: { transport: 'sse' },
    does: ['retry in 188'],
    policy: { ...policy, webSockets: false },
  },
  {
    when: 'nothing needs it any more',
    from: stable,
    input: { type: 'unwanted' },
    becomes: { phase: 'open', wanted: false },
    does: ['linger in 5000'],
  },
  {
    when: 'nothing needed it for a while',
    from: { ...stable, wanted: false },
    input: timer('linger'),
    becomes: { phase: 'idle' },
    does: ['drop'],
  },
  {
    when: 'nothing needs it while it opens',
    from: opening,
    input: { type: 'unwanted' },
    becomes: { phase: 'idle' },
    does: ['drop'],
  },
  {
    when: 'it is lost when nothing needs it',
    from: { ...stable, wanted: false },
    input: lost,
    becomes: { phase: 'idle' },
    does: [],
  },
  {
    when: 'it is closed',
    from: { ...overSse, upgrading: true },
    input: { type: 'close' },
    becomes: { phase: 'closed' },
    does: ['drop-upgrade', 'drop'],
  },
  {
    when: 'anything comes after that',
    from: closed,
    input: { type: 'wanted' },
    becomes: { phase: 'closed' },
    does: [],
  },
];

describe('what the connection does when', () => {
  it.each(table)('$when', ({ from, input, becomes, does, policy: own = policy }) => {
    const { state, effects } = step(from, input, own, 0.5);
    expect(state).toMatchObject(becomes);
    expect(told(effects)).toEqual(does);
  });
});

const anyInput: fc.Arbitrary<Input> = fc.oneof(
  fc.constantFrom<Input>(
    { type: 'wanted' },
    { type: 'unwanted' },
    { type: 'ready' },
    { type: 'heard' },
    lost,
    restart,
    refused,
    { type: 'upgraded' },
    { type: 'upgrade-failed' },
    { type: 'hint' },
    { type: 'reconnect' },
  ),
  fc.constantFrom(...(['open', 'retry', 'pong', 'stable', 'linger', 'upgrade'] as const)).map(timer),
  fc.nat(20_000).map((silentMs): Input => ({ type: 'timer', timer: 'quiet', silentMs })),
);

/** The world that the effects make: which timers run, and what is open. */
function run(inputs: readonly Input[], own: ConnectionPolicy) {
  let state = initialMachine(own);
  const timers = new Set<TimerName>();
  let link: 'none' | 'opening' | 'open' = 'none';
  let upgrade = false;
  for (const input of inputs) {
    // Only what can happen: a timer that runs, a link that is there.
    if (input.type === 'timer' && !timers.delete(input.timer)) continue;
    if (input.type === 'ready' && link !== 'opening') continue;
    if (input.type === 'ended' && link === 'none') continue;
    if ((input.type === 'upgraded' || input.type === 'upgrade-failed') && !upgrade) continue;
    if (input.type === 'ready') link = 'open';
    if (input.type === 'ended') link = 'none';
    if (input.type === 'upgrade-failed') upgrade = false;
    const next = step(state, input, own, 0.5);
    state = next.state;
    for (const effect of next.effects) {
      if (effect.type === 'set') timers.add(effect.timer);
      else if (effect.type === 'cancel') for (const each of effect.timers) timers.delete(each);
      else if (effect.type === 'open') {
        expect(link, 'a link is opened while there is one').toBe('none');
        link = 'opening';
      } else if (effect.type === 'drop') link = 'none';
      else if (effect.type === 'try-upgrade') upgrade = true;
      else if (effect.type === 'drop-upgrade') upgrade = false;
      else if (effect.type === 'take-upgrade') {
        upgrade = false;
        link = 'open';
      }
    }
  }
  return { state, timers, link, upgrade };
}

const policies = fc.record({ webSockets: fc.boolean(), canRenew: fc.boolean() });

describe('whatever happens, in whatever order', () => {
  const check = (holds: (world: ReturnType<typeof run>) => void) =>
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 60 }), policies, (inputs, given) =>
        holds(run(inputs, { ...policy, ...given })),
      ),
      { numRuns: 500 },
    );

  it('it is never stuck: every phase that is not at rest has a timer that leads out of it', () => {
    check(({ state, timers }) => {
      const way: Partial<Record<Machine['phase'], TimerName>> = {
        opening: 'open',
        waiting: 'retry',
        open: state.probing ? 'pong' : 'quiet',
      };
      const needed = way[state.phase];
      if (needed) expect(timers).toContain(needed);
      if (state.upgrading) expect(timers).toContain('upgrade');
    });
  });

  it('it holds a link exactly while it says so', () => {
    check(({ state, link, upgrade }) => {
      expect(link).toBe(state.phase === 'open' || state.phase === 'opening' ? state.phase : 'none');
      expect(upgrade).toBe(state.upgrading);
    });
  });

  it('it finds its way to a server that takes connections', () => {
    check(({ state, link }) => {
      if (!state.wanted || state.phase === 'unauthorized') return;
      let now = state;
      for (let turn = 0; now.phase !== 'open' && turn < 3; turn += 1) {
        now = step(now, now.phase === 'opening' ? { type: 'ready' } : timer('retry'), policy, 0.5).state;
      }
      expect(now.phase, `from ${state.phase} with ${link}`).toBe('open');
    });
  });

  it('closing leaves no timer and no link', () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 40 }), policies, (inputs, given) => {
        const world = run([...inputs, { type: 'close' }, ...inputs], { ...policy, ...given });
        expect([...world.timers]).toEqual([]);
        expect(world).toMatchObject({ link: 'none', upgrade: false });
      }),
    );
  });
});

it('finds a dead connection within twenty seconds', () => {
  expect(DEFAULT_POLICY.quietMs + DEFAULT_POLICY.pongMs).toBeLessThan(20_000);
});
