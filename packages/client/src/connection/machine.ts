import { backOffMs } from '../support/back-off.ts';
import type { ConnectionPolicy } from './policy.ts';

export type Transport = 'websocket' | 'sse';

/** Where a connection stands. Only ever changed by `step`. */
export interface Machine {
  readonly phase: 'idle' | 'opening' | 'open' | 'waiting' | 'unauthorized' | 'closed';
  /** Of the link that is open or opening, or that is tried next. */
  readonly transport: Transport;
  /** Something needs the connection. */
  readonly wanted: boolean;
  /** Links in a row that failed before they proved stable. */
  readonly failures: number;
  /** WebSockets among them. */
  readonly blocked: number;
  /** The key was replaced, and the new one not taken yet. */
  readonly renewed: boolean;
  readonly stable: boolean;
  /** A sign of life was asked for. */
  readonly probing: boolean;
  /** A WebSocket is being tried beside the link. */
  readonly upgrading: boolean;
  /** How often that was tried since WebSockets last worked. */
  readonly upgrades: number;
}

/** `open` bounds opening, `retry` waits, `quiet` listens, `pong` bounds the probe, `upgrade` waits for and bounds a trial. */
export type TimerName = 'open' | 'retry' | 'quiet' | 'pong' | 'stable' | 'linger' | 'upgrade';

/** Why a link ended: without a word, because the server restarts, or because the key is not taken. */
export type LinkEnd = 'lost' | 'restart' | 'unauthorized';

export type Input =
  | { type: 'wanted' | 'unwanted' }
  /** The link's server is ready to take frames. */
  | { type: 'ready' }
  /** A frame came while a sign of life was awaited. */
  | { type: 'heard' }
  | { type: 'ended'; why: LinkEnd }
  /** The WebSocket tried beside the link is ready, or came to nothing. */
  | { type: 'upgraded' | 'upgrade-failed' }
  | { type: 'timer'; timer: Exclude<TimerName, 'quiet'> }
  /** `silentMs`: since the last frame. */
  | { type: 'timer'; timer: 'quiet'; silentMs: number }
  /** The network is back, or someone looks at the page: a hint, which only ever makes things happen sooner. */
  | { type: 'hint' }
  /** The user wants it tried again. */
  | { type: 'reconnect' }
  | { type: 'close' };

export type Effect =
  | { type: 'open'; transport: Transport; renewKey: boolean }
  | { type: 'drop' | 'ping' }
  | { type: 'try-upgrade' | 'drop-upgrade' | 'take-upgrade' }
  | { type: 'set'; timer: TimerName; milliseconds: number }
  | { type: 'cancel'; timers: readonly TimerName[] };

export interface Step {
  state: Machine;
  effects: readonly Effect[];
}

export const initialMachine = ({ webSockets }: ConnectionPolicy): Machine => ({
  phase: 'idle',
  transport: webSockets ? 'websocket' : 'sse',
  wanted: false,
  failures: 0,
  blocked: 0,
  renewed: false,
  stable: false,
  probing: false,
  upgrading: false,
  upgrades: 0,
});

/**
 * What follows from an input. Pure: the driver performs the effects, in order, and lets go of a link before it reports of the next.
 *
 * @param random in [0, 1), for delays
 */
export function step(state: Machine, input: Input, policy: ConnectionPolicy, random: number): Step {
  if (state.phase === 'closed') return stay(state);
  switch (input.type) {
    case 'close':
      return { state: { ...state, ...AT_REST, phase: 'closed' }, effects: letGo(state) };
    case 'wanted':
      return want({ ...state, wanted: true }, policy);
    case 'unwanted':
      return unwant({ ...state, wanted: false }, policy);
    case 'ready':
      return state.phase === 'opening' ? opened(state, policy) : stay(state);
    case 'heard':
      if (!state.probing) return stay(state);
      return {
        state: { ...state, probing: false },
        effects: [cancel('pong'), set('quiet', policy.quietMs)],
      };
    case 'ended':
      return ended(state, input.why, policy, random);
    case 'upgraded':
    case 'upgrade-failed':
      return upgradeEnded(state, input.type === 'upgraded', policy);
    case 'hint':
      if (state.phase === 'open') return probe(state, policy);
      return state.phase === 'waiting' ? open({ ...state, failures: 0 }, policy) : stay(state);
    case 'reconnect':
      return reconnect(state, policy);
    case 'timer':
      return elapsed(state, input, policy, random);
  }
}

const stay = (state: Machine): Step => ({ state, effects: [] });
const set = (timer: TimerName, milliseconds: number): Effect => ({ type: 'set', timer, milliseconds });
const cancel = (...timers: TimerName[]): Effect => ({ type: 'cancel', timers });

const TIMERS: readonly TimerName[] = ['open', 'retry', 'quiet', 'pong', 'stable', 'linger', 'upgrade'];
const AT_REST = { stable: false, probing: false, upgrading: false } as const;

/** Whatever is open or awaited is given up. */
const letGo = (state: Machine): Effect[] => [
  { type: 'cancel', timers: TIMERS },
  ...(state.upgrading ? ([{ type: 'drop-upgrade' }] as const) : []),
  ...(state.phase === 'open' || state.phase === 'opening' ? ([{ type: 'drop' }] as const) : []),
];

/** Opens a link at once; nothing else is under way. */
const open = (state: Machine, { openMs }: ConnectionPolicy, renewKey = false): Step => ({
  state: { ...state, ...AT_REST, phase: 'opening', renewed: state.renewed || renewKey },
  effects: [cancel('retry'), set('open', openMs), { type: 'open', transport: state.transport, renewKey }],
});

function want(state: Machine, policy: ConnectionPolicy): Step {
  if (state.phase === 'idle') return open(state, policy);
  return { state, effects: [cancel('linger')] };
}

function unwant(state: Machine, { lingerMs }: ConnectionPolicy): Step {
  switch (state.phase) {
    case 'open':
      return { state, effects: [set('linger', lingerMs)] };
    case 'opening':
    case 'waiting':
      return { state: { ...state, ...AT_REST, phase: 'idle' }, effects: letGo(state) };
    default:
      return stay(state);
  }
}

function opened(state: Machine, policy: ConnectionPolicy): Step {
  const { quietMs, stableMs, webSockets } = policy;
  return {
    state: { ...state, phase: 'open', renewed: false },
    effects: [
      cancel('open'),
      set('quiet', quietMs),
      set('stable', stableMs),
      ...(state.transport === 'sse' && webSockets ? [set('upgrade', upgradeDelay(state, policy))] : []),
    ],
  };
}

function ended(state: Machine, why: LinkEnd, policy: ConnectionPolicy, random: number): Step {
  if (state.phase !== 'open' && state.phase !== 'opening') return stay(state);
  const effects = letGo(state).filter(({ type }) => type !== 'drop');
  if (why === 'unauthorized') {
    if (state.renewed || !policy.canRenew) {
      return { state: { ...state, ...AT_REST, phase: 'unauthorized' }, effects };
    }
    const next = open(state, policy, true);
    return { ...next, effects: [...effects, ...next.effects] };
  }

  const failures = (state.stable ? 0 : state.failures) + 1;
  const isBlocked = state.transport === 'websocket' && !state.stable && why === 'lost';
  const blocked = isBlocked ? state.blocked + 1 : state.transport === 'websocket' ? 0 : state.blocked;
  const after: Machine = { ...state, ...AT_REST, failures, blocked };
  const next: Machine = { ...after, transport: nextTransport(state, blocked, policy) };
  if (!state.wanted) return { state: { ...next, phase: 'idle' }, effects };
  const isRestart = why === 'restart' && failures === 1;
  const delay = isRestart ? Math.round(policy.restartMs * random) : backOffMs(policy.retry, failures, random);
  return { state: { ...next, phase: 'waiting' }, effects: [...effects, set('retry', delay)] };
}

/**
 * Server-sent events are tried once WebSockets failed often enough, and kept only where they proved themselves: with the
 * server down both fail, and are tried in turn.
 */
function nextTransport(
  { transport, stable }: Machine,
  blocked: number,
  { blockedAfter, webSockets }: ConnectionPolicy,
): Transport {
  if (!webSockets) return 'sse';
  if (transport === 'sse') return stable ? 'sse' : 'websocket';
  return blocked >= blockedAfter ? 'sse' : 'websocket';
}

const probe = (state: Machine, { pongMs }: ConnectionPolicy): Step =>
  state.probing
    ? stay(state)
    : {
        state: { ...state, probing: true },
        effects: [cancel('quiet'), set('pong', pongMs), { type: 'ping' }],
      };

const upgradeDelay = ({ upgrades }: Machine, { upgrade }: ConnectionPolicy): number =>
  Math.min(upgrade.maximum, upgrade.first * 2 ** Math.min(upgrades, 30));

function upgradeEnded(state: Machine, succeeded: boolean, policy: ConnectionPolicy): Step {
  if (!state.upgrading) return stay(state);
  if (!succeeded) {
    return { state: { ...state, upgrading: false }, effects: [set('upgrade', upgradeDelay(state, policy))] };
  }
  return {
    state: { ...state, ...AT_REST, transport: 'websocket' },
    effects: [
      { type: 'take-upgrade' },
      cancel('upgrade', 'pong'),
      set('quiet', policy.quietMs),
      set('stable', policy.stableMs),
    ],
  };
}

function reconnect(state: Machine, policy: ConnectionPolicy): Step {
  if (state.phase === 'idle') return stay(state);
  const next = open(
    { ...state, failures: 0, renewed: false },
    policy,
    state.phase === 'unauthorized' && policy.canRenew,
  );
  return { ...next, effects: [...letGo(state), ...next.effects] };
}

function elapsed(
  state: Machine,
  input: Extract<Input, { type: 'timer' }>,
  policy: ConnectionPolicy,
  random: number,
): Step {
  const { phase } = state;
  switch (input.timer) {
    case 'open':
    case 'pong': {
      const isAwaited = input.timer === 'open' ? phase === 'opening' : state.probing;
      if (!isAwaited) return stay(state);
      const next = ended(state, 'lost', policy, random);
      return { ...next, effects: [{ type: 'drop' }, ...next.effects] };
    }
    case 'retry':
      return phase === 'waiting' ? open(state, policy) : stay(state);
    case 'quiet': {
      if (phase !== 'open' || state.probing) return stay(state);
      const left = policy.quietMs - input.silentMs;
      return left > 0 ? { state, effects: [set('quiet', left)] } : probe(state, policy);
    }
    case 'stable':
      if (phase !== 'open') return stay(state);
      return {
        state: {
          ...state,
          stable: true,
          failures: 0,
          ...(state.transport === 'websocket' ? { blocked: 0, upgrades: 0 } : {}),
        },
        effects: [],
      };
    case 'linger':
      if (phase !== 'open' || state.wanted) return stay(state);
      return { state: { ...state, ...AT_REST, phase: 'idle' }, effects: letGo(state) };
    case 'upgrade': {
      if (phase !== 'open') return stay(state);
      if (!state.upgrading) {
        return {
          state: { ...state, upgrading: true, upgrades: state.upgrades + 1 },
          effects: [{ type: 'try-upgrade' }, set('upgrade', policy.openMs)],
        };
      }
      const next = upgradeEnded(state, false, policy);
      return { ...next, effects: [{ type: 'drop-upgrade' }, ...next.effects] };
    }
  }
}
