import type { ClientFrame, ServerFrame } from '@hhopkins/agent-protocol';
import { AgentServerError } from '@hhopkins/agent-protocol/light';
import type { Link, LinkEvents } from '../links/link.ts';
import type { Keyring } from '../rest/keyring.ts';
import type { Clock } from '../support/clock.ts';
import { createListeners, type ReportError } from '../support/listeners.ts';
import type { Hints } from './hints.ts';
import { type Effect, type Input, initialMachine, step, type TimerName, type Transport } from './machine.ts';
import type { ConnectionPolicy } from './policy.ts';
import { type ConnectionStatus, isSameStatus, statusOf } from './status.ts';

/** Who lives from the connection. */
export interface ConnectionUser {
  /** There is a new link: whatever is followed or outstanding must be said again. */
  up(): void;
  /** The link is gone. */
  down(): void;
  frame(frame: ServerFrame, size: number): void;
}

/** One connection to the server, kept for as long as somebody wants it. */
export interface Connection {
  readonly status: ConnectionStatus;
  subscribe(listener: () => void): () => void;
  /** Sent now or never: what must not be lost is sent again when the user is told `up`. */
  send(frame: ClientFrame): void;
  /** Returns what says that it is wanted no more. */
  want(): () => void;
  reconnect(): void;
  close(): void;
}

export interface ConnectionParts {
  user: ConnectionUser;
  openLink(transport: Transport, key: string | undefined, events: LinkEvents): Link;
  keyring: Keyring;
  policy: ConnectionPolicy;
  clock: Clock;
  random(): number;
  hints: Hints;
  report: ReportError;
}

/** A link, from the moment it is wished for. */
interface Slot {
  link?: Link;
  over: boolean;
}

export function createConnection(parts: ConnectionParts): Connection {
  const { user, keyring, policy, clock, random, report } = parts;
  const listeners = createListeners(report);
  const timers = new Map<TimerName, () => void>();
  const inputs: Input[] = [];
  let machine = initialMachine(policy);
  let status = statusOf(machine, undefined);
  let error: AgentServerError | undefined;
  let working = false;
  let wishes = 0;
  let current: Slot | undefined;
  let upgrade: Slot | undefined;
  let key: string | undefined;
  let lastHeard = 0;
  let isUp = false;

  /** One input at a time: what happens while effects are performed waits its turn. */
  function dispatch(input: Input): void {
    inputs.push(input);
    if (working) return;
    working = true;
    for (let next = inputs.shift(); next; next = inputs.shift()) {
      const { state, effects } = step(machine, next, policy, random());
      machine = state;
      for (const effect of effects) perform(effect);
      settle();
    }
    working = false;
  }

  function perform(effect: Effect): void {
    switch (effect.type) {
      case 'open':
        current = begin(effect.transport, effect.renewKey);
        break;
      case 'try-upgrade':
        upgrade = begin('websocket', false);
        break;
      case 'drop':
        current = drop(current);
        break;
      case 'drop-upgrade':
        upgrade = drop(upgrade);
        break;
      case 'take-upgrade':
        tellDown();
        drop(current);
        current = upgrade;
        upgrade = undefined;
        lastHeard = clock.now();
        break;
      case 'ping':
        current?.link?.send({ type: 'ping' });
        break;
      case 'set':
        cancelTimer(effect.timer);
        timers.set(
          effect.timer,
          clock.schedule(effect.milliseconds, () => elapsed(effect.timer)),
        );
        break;
      case 'cancel':
        for (const timer of effect.timers) cancelTimer(timer);
    }
  }

  function cancelTimer(timer: TimerName): void {
    timers.get(timer)?.();
    timers.delete(timer);
  }

  function elapsed(timer: TimerName): void {
    timers.delete(timer);
    if (timer === 'quiet') dispatch({ type: 'timer', timer, silentMs: clock.now() - lastHeard });
    else {
      if (timer === 'open') error = new AgentServerError('timeout', 'The server did not get ready in time.');
      if (timer === 'pong') error = new AgentServerError('timeout', 'The server gave no sign of life.');
      dispatch({ type: 'timer', timer });
    }
  }

  /** After each step: whoever lives from the connection, and whoever looks at it, learns what is new. */
  function settle(): void {
    const open = machine.phase === 'open';
    if (!open) tellDown();
    if (open) error = undefined;
    const next = statusOf(machine, error);
    const changed = !isSameStatus(status, next);
    if (changed) status = next;
    if (open && !isUp) {
      isUp = true;
      guarded(() => user.up());
    }
    if (changed) listeners.notify();
  }

  function tellDown(): void {
    if (!isUp) return;
    isUp = false;
    guarded(() => user.down());
  }

  /** What a peer sends may be wrong in ways nobody thought of: that costs the link, never the client. */
  function guarded(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      report(thrown);
      const wrong = new AgentServerError('protocol_error', 'A frame could not be understood.', {
        cause: thrown,
      });
      error = wrong;
      current = drop(current);
      dispatch({ type: 'ended', why: 'lost' });
    }
  }

  function begin(transport: Transport, renewKey: boolean): Slot {
    const slot: Slot = { over: false };
    void (async () => {
      try {
        key = await (renewKey ? keyring.renew(key) : keyring.current());
        if (slot.over) return;
        slot.link = parts.openLink(transport, key, eventsOf(slot));
      } catch (thrown) {
        eventsOf(slot).ended('lost', AgentServerError.from(thrown, 'unauthorized'));
      }
    })();
    return slot;
  }

  const eventsOf = (slot: Slot): LinkEvents => ({
    ready() {
      if (slot.over) return;
      lastHeard = clock.now();
      dispatch({ type: slot === upgrade ? 'upgraded' : 'ready' });
    },
    frame(frame, size) {
      if (slot.over || slot !== current) return;
      lastHeard = clock.now();
      if (machine.probing) dispatch({ type: 'heard' });
      if (isUp) guarded(() => user.frame(frame, size));
    },
    ended(why, reason) {
      if (slot.over) return;
      slot.over = true;
      if (slot === upgrade) {
        upgrade = undefined;
        dispatch({ type: 'upgrade-failed' });
      } else {
        error = reason;
        current = undefined;
        dispatch({ type: 'ended', why });
      }
    },
  });

  function drop(slot: Slot | undefined): undefined {
    if (!slot) return;
    slot.over = true;
    slot.link?.close();
  }

  const endHints = parts.hints.subscribe(() => dispatch({ type: 'hint' }));

  return {
    get status() {
      return status;
    },
    subscribe: listeners.add,
    send: (frame) => current?.link?.send(frame),
    want() {
      wishes += 1;
      if (wishes === 1) dispatch({ type: 'wanted' });
      let released = false;
      return () => {
        if (released) return;
        released = true;
        wishes -= 1;
        if (wishes === 0) dispatch({ type: 'unwanted' });
      };
    },
    reconnect: () => dispatch({ type: 'reconnect' }),
    close() {
      endHints();
      dispatch({ type: 'close' });
    },
  };
}
