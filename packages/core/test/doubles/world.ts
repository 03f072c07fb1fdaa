import type { EventType, SendMessageResponse, Session, SessionEvent } from '@hhopkins/agent-protocol';
import { createEngine } from '../../src/create-engine.ts';
import type { Caller, SessionEngine } from '../../src/engine-interface.ts';
import type { Logger } from '../../src/ports/runtime.ts';
import type { EngineSettings } from '../../src/settings.ts';
import { createFakeClock, type FakeClock } from './clock.ts';
import { createLife, type Life, mortal, mortalClock } from './mortal.ts';
import type { FakeRunner } from './runner.ts';
import { createFakeSandboxes, type FakeSandbox, type FakeSandboxes } from './sandboxes.ts';
import { createFakeStore, type FakeStore } from './store.ts';

export const ANNA: Caller = { principal: 'anna' };

export interface WorldOptions {
  settings?: Partial<EngineSettings>;
  /** The store has the nine methods alone. */
  bare?: boolean;
  /** Shared by several worlds: several servers on one store. */
  shared?: Pick<World, 'clock' | 'store' | 'sandboxes'>;
}

/** An engine with everything around it. */
export interface World {
  readonly clock: FakeClock;
  readonly store: FakeStore;
  readonly sandboxes: FakeSandboxes;
  readonly engine: SessionEngine;
  readonly logs: readonly string[];
  /** The engine goes without a word, as in kill -9; a new one starts on the same store and sandboxes. */
  restart(how?: { leases?: 'free' | 'held' }): Promise<void>;
  /** The engine loses its leases without noticing, and another one starts beside it. */
  usurp(): Promise<void>;
  /** The engine stops where it is, and goes on with `thaw`. */
  freeze(): void;
  thaw(): void;
  /** It goes without a word, and none follows. */
  kill(): Promise<void>;
  stop(how?: { runs?: 'leave' | 'end' }): Promise<void>;
  session(): Promise<SessionHandle>;
  handle(sessionId: string): SessionHandle;
}

/** One session, with the strings that tests pull. */
export interface SessionHandle {
  readonly id: string;
  send(
    content?: string,
    options?: { delivery?: 'queue' | 'steer' | 'interrupt'; commandId?: string },
  ): Promise<SendMessageResponse>;
  state(): Promise<Session>;
  /** What the store has. */
  events(): SessionEvent[];
  types(): string[];
  of<Type extends EventType>(type: Type): SessionEvent<Type>[];
  /** `turn:completed` and its like, by turn. */
  outcomes(turnId: string): string[];
  sandbox(): FakeSandbox;
  runner(): FakeRunner;
  until(what: string, condition: () => boolean, milliseconds?: number): Promise<void>;
  /** Until an event of this type is in the log, `count` times. */
  untilEvent(type: EventType, count?: number): Promise<void>;
  /** Until the runner has taken so many commands. */
  untilTaken(count: number): Promise<void>;
  /** Until every message has its outcome and nothing runs. */
  untilQuiet(milliseconds?: number): Promise<void>;
}

const OUTCOMES: ReadonlySet<string> = new Set([
  'turn:completed',
  'turn:failed',
  'turn:interrupted',
  'turn:cancelled',
]);

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const clock = options.shared?.clock ?? createFakeClock();
  const store = options.shared?.store ?? createFakeStore(clock);
  const sandboxes = options.shared?.sandboxes ?? createFakeSandboxes(clock);
  const logs: string[] = [];

  const lives: Life[] = [];
  const build = async (): Promise<SessionEngine> => {
    const mine = createLife();
    lives.push(mine);
    const logger: Logger = {
      log(level, message, fields) {
        if (!mine.dead) logs.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
      },
    };
    const memory = createFakeStore(clock);
    const persistence = options.bare ? store.bare : store.adapter;
    const engine = createEngine({
      persistence: {
        ...mortal(persistence, mine),
        ...(persistence.eventLog ? { eventLog: mortal(persistence.eventLog, mine) } : {}),
        ...(persistence.leases ? { leases: mortal(persistence.leases, mine) } : {}),
      },
      fallback: { eventLog: { ...memory.eventLog, durability: 'memory' }, leases: memory.leases },
      sandboxes: mortal(sandboxes, mine),
      agents: [
        {
          architecture: 'fake',
          name: 'Fake',
          locate: async () => ({ version: '1', mounts: [], installation: () => ({}) }),
        },
      ],
      models: { description: 'none', grant: async () => ({ mounts: [], environment: {} }) },
      runner: { folder: '/runner', entry: 'bin.js', archive: async () => new Uint8Array() },
      settings: { ...options.settings },
      clock: mortalClock(clock, mine),
      logger,
    });
    await clock.wait(engine.start());
    return engine;
  };

  const usurped: SessionEngine[] = [];
  const current = { engine: await build() };
  const world: World = {
    clock,
    store,
    sandboxes,
    logs,
    get engine() {
      return current.engine;
    },
    freeze: () => lives.at(-1)?.freeze(),
    thaw: () => lives.at(-1)?.thaw(),
    async kill() {
      for (const each of lives) each.end();
      usurped.length = 0;
      for (const sandbox of sandboxes.all) sandbox.runner.cutLinks();
    },
    async restart({ leases = 'free' } = {}) {
      await world.kill();
      if (leases === 'free') store.expireLeases();
      current.engine = await build();
    },
    async usurp() {
      usurped.push(current.engine);
      store.expireLeases();
      current.engine = await build();
    },
    async stop(how) {
      for (const engine of [...usurped, current.engine]) await clock.wait(engine.stop(how));
    },
    async session() {
      const created = await clock.wait(current.engine.sessions.create(ANNA, { architecture: 'fake' }));
      return world.handle(created.sessionId);
    },
    handle: (sessionId) => createHandle(world, sessionId),
  };
  return world;
}

function createHandle(world: World, id: string): SessionHandle {
  const { clock, store, sandboxes } = world;
  const handle: SessionHandle = {
    id,
    send: (content = 'hello', { delivery, commandId } = {}) =>
      clock.wait(
        world.engine.sessions.sendMessage({ ...ANNA, ...(commandId ? { commandId } : {}) }, id, {
          content,
          ...(delivery ? { delivery } : {}),
        }),
      ),
    state: async () => (await clock.wait(world.engine.sessions.get(id))).session,
    events: () => store.events(id),
    types: () => store.events(id).map(({ type }) => type),
    of: <Type extends EventType>(type: Type) =>
      store.events(id).filter((event) => event.type === type) as SessionEvent<Type>[],
    outcomes: (turnId) =>
      store
        .events(id)
        .filter(
          ({ type, payload }) => OUTCOMES.has(type) && (payload as { turnId: string }).turnId === turnId,
        )
        .map(({ type }) => type),
    sandbox() {
      const found = sandboxes.all.filter(({ labels }) => labels.session === id).at(-1);
      if (!found) throw new Error(`session ${id} has no sandbox`);
      return found;
    },
    runner: () => handle.sandbox().runner,
    until: (what, condition, milliseconds) => clock.until(what, condition, milliseconds),
    untilEvent: (type, count = 1) => clock.until(`${count} × ${type}`, () => handle.of(type).length >= count),
    untilTaken: (count) =>
      clock.until(
        `${count} commands taken`,
        () =>
          sandboxes.all.some(({ labels }) => labels.session === id) && handle.runner().taken.length >= count,
      ),
    async untilQuiet(milliseconds) {
      await clock.until(
        'Quiet',
        () => {
          const events = store.events(id);
          const begun = events.filter(
            ({ type, payload }) => type === 'turn:queued' || (type === 'turn:started' && 'origin' in payload),
          ).length;
          return begun === events.filter(({ type }) => OUTCOMES.has(type)).length;
        },
        milliseconds,
      );
      await clock.settle();
    },
  };
  return handle;
}
