import {
  initialState,
  reduce,
  type SendMessageResponse,
  type SessionEvent,
  type SessionState,
} from '@hhopkins/agent-protocol';
import type { EngineSettings } from '../../src/settings.ts';
import { type Reader, readAll } from '../doubles/reader.ts';
import type { FakeRunner } from '../doubles/runner.ts';
import type { FakeSandbox } from '../doubles/sandboxes.ts';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';
import type { Action } from './actions.ts';

/** A client that comes back again and again, from where it stood. */
interface Client {
  seen: SessionEvent[];
  /** What snapshots and events came to. */
  state: SessionState;
  seq: number;
  streamId: string | undefined;
  reader: Reader | null;
  resets: number;
}

/** What was answered to clients: the engine owes all of it. */
export interface Acknowledged {
  session: SessionHandle;
  delivery: 'queue' | 'steer' | 'interrupt';
  key: string | null;
  answer: SendMessageResponse;
}

/** An engine with two sessions, and everything that happens to it. */
export interface Stage {
  readonly world: World;
  readonly sessions: readonly SessionHandle[];
  readonly acknowledged: readonly Acknowledged[];
  readonly clients: readonly Client[];
  play(action: Action): Promise<void>;
  /** All faults end, agents answer, and time passes. */
  heal(): Promise<void>;
}

export async function createStage(settings: Partial<EngineSettings> = {}): Promise<Stage> {
  const world = await createWorld({ settings });
  const { clock, store, sandboxes } = world;
  sandboxes.behaviour = 'begin';
  const sessions = [await world.session(), await world.session()];
  const acknowledged: Acknowledged[] = [];
  const clients = sessions.map(
    ({ id }): Client => ({
      seen: [],
      state: initialState(id),
      seq: 0,
      streamId: undefined,
      reader: null,
      resets: 0,
    }),
  );
  let contents = 0;

  const sessionOf = (index: number): SessionHandle => {
    const session = sessions[index];
    if (!session) throw new Error(`no session ${index}`);
    return session;
  };
  const sandboxOf = (session: SessionHandle): FakeSandbox | undefined =>
    sandboxes.alive().findLast(({ labels }) => labels.session === session.id);
  const withRunner = (index: number, act: (runner: FakeRunner, sandbox: FakeSandbox) => void): void => {
    const sandbox = sandboxOf(sessionOf(index));
    if (sandbox) act(sandbox.runner, sandbox);
  };

  const collect = (client: Client): void => {
    const { reader } = client;
    client.reader = null;
    if (!reader) return;
    reader.close();
    for (const item of reader.items) {
      if (item.type === 'events') {
        client.seen.push(...item.events);
        client.state = item.events.reduce(reduce, client.state);
        client.seq = item.events.at(-1)?.seq ?? client.seq;
        continue;
      }
      if (item.type === 'subscribed') client.streamId = item.streamId;
      if (!item.snapshot) continue;
      const { session, conversation, files, seq } = item.snapshot;
      client.state = { session, conversation, files };
      client.seq = seq;
      client.resets += 1;
    }
  };
  const reconnect = (index: number): void => {
    const client = clients[index];
    if (!client) return;
    collect(client);
    const cursor = { streamId: client.streamId, seq: client.seq };
    client.reader = readAll(world.engine.sessions.follow(sessionOf(index).id, cursor));
  };

  /** A client's wish: whether it is granted is seen later. */
  const wish = <Answer>(work: Promise<Answer>, granted: (answer: Answer) => void = () => {}): void => {
    work.then(granted, () => {});
  };

  const send = ({ session: index, delivery, key }: Extract<Action, { do: 'send' }>): void => {
    const session = sessionOf(index);
    contents += 1;
    // The same key always comes with the same body.
    const content = key === null ? `message ${contents}` : `message of ${key}`;
    const request = { content, delivery: key === null ? delivery : 'queue' };
    const caller = key === null ? ANNA : { ...ANNA, commandId: key };
    wish(world.engine.sessions.sendMessage(caller, session.id, request), (answer) =>
      acknowledged.push({ session, delivery: request.delivery, key, answer }),
    );
  };

  const turnOf = (session: SessionHandle, pick: number) => {
    const queued = session.of('turn:queued');
    return queued[pick % Math.max(1, queued.length)]?.payload;
  };

  const ifActive = (act: (runner: FakeRunner) => void) => (given: { session: number }) =>
    withRunner(given.session, (runner) => {
      if (runner.active) act(runner);
    });

  /** What happens at once; what takes time is in `play`. */
  const plays: { [Kind in Action['do']]?: (given: Extract<Action, { do: Kind }>) => void } = {
    send,
    interrupt({ session: index, pick }) {
      const session = sessionOf(index);
      const turnId = pick < 5 ? undefined : turnOf(session, pick)?.turnId;
      wish(world.engine.sessions.interrupt(ANNA, session.id, turnId ? { turnId } : {}));
    },
    cancel({ session: index, pick }) {
      const session = sessionOf(index);
      const messageId = turnOf(session, pick)?.messageId;
      if (messageId) wish(world.engine.sessions.cancelMessage(ANNA, session.id, messageId));
    },
    answer({ session: index }) {
      const session = sessionOf(index);
      const asked = session.of('permission:requested').at(-1)?.payload.requestId;
      if (asked) wish(world.engine.sessions.answerPermission(ANNA, session.id, asked, { decision: 'allow' }));
    },
    sync: ({ session: index }) => wish(world.engine.sessions.sync(ANNA, sessionOf(index).id)),
    wake: ({ session: index }) => wish(world.engine.sessions.wake(ANNA, sessionOf(index).id)),
    begin: ({ session: index }) => withRunner(index, (runner) => runner.beginIfWaiting()),
    background: ({ session: index }) =>
      withRunner(index, (runner) => {
        runner.background = !runner.background;
      }),
    'begin-alone': ({ session: index }) => withRunner(index, (runner) => void runner.beginAlone()),
    say: ifActive((runner) => void runner.say(`text ${++contents}`)),
    // A block that grows, and is whole in the end.
    type: ifActive((runner) => runner.type(`text ${++contents}`)),
    complete: ifActive((runner) => runner.complete()),
    fail: ifActive((runner) => runner.fail('model_error')),
    ask: ifActive((runner) => runner.ask(`ask ${++contents}`)),
    write: ({ session: index }) =>
      withRunner(index, (runner) => runner.write(`file-${contents % 3}`, `${++contents}`)),
    cut: ({ session: index }) => withRunner(index, (runner) => runner.cutLinks()),
    crash: ({ session: index }) => withRunner(index, (runner) => runner.crash()),
    lose: ({ session: index }) => withRunner(index, (_runner, sandbox) => sandbox.lose()),
    stall: ({ session: index }) =>
      withRunner(index, (runner) => {
        runner.stalled = !runner.stalled;
      }),
    stutter: ({ session: index }) =>
      withRunner(index, (runner) => {
        runner.stutters = !runner.stutters;
      }),
    hasty: ({ session: index }) =>
      withRunner(index, (runner) => {
        runner.hasty = !runner.hasty;
      }),
    'cut-after': ({ session: index, frames }) =>
      withRunner(index, (runner) => runner.cutAfter(frames || null)),
    fault: ({ method, fault }) => store.faults.script(method, fault),
    'provider-away'() {
      sandboxes.unreachable = !sandboxes.unreachable;
    },
    'no-sandbox': () => void sandboxes.creations.push('fail'),
    'no-end': () => void sandboxes.endings.push('fail'),
    'no-end-told': () => void sandboxes.endings.push('hang'),
    reconnect: ({ session: index }) => reconnect(index),
  };
  const act = (given: Action): void => {
    (plays[given.do] as ((given: Action) => void) | undefined)?.(given);
  };

  return {
    world,
    sessions,
    acknowledged,
    clients,
    async play(given) {
      act(given);
      if (given.do === 'pass') await clock.advance(given.ms);
      else if (given.do === 'store-away') {
        store.faults.down = true;
        await clock.advance(given.forMs);
        store.faults.down = false;
      } else if (given.do === 'usurp') {
        for (const client of clients) collect(client);
        store.faults.clear();
        await world.usurp();
      } else if (given.do === 'kill') {
        for (const client of clients) collect(client);
        // A new server comes up only where there is a store.
        store.faults.clear();
        await world.restart({ leases: given.leases });
      } else await clock.settle();
    },
    async heal() {
      store.faults.clear();
      sandboxes.unreachable = false;
      sandboxes.behaviour = 'answer';
      sandboxes.creations.length = 0;
      sandboxes.endings.length = 0;
      const answering = (): void => {
        for (const { runner } of sandboxes.alive()) {
          runner.behaviour = 'answer';
          runner.stalled = false;
          runner.stutters = false;
          runner.background = false;
          runner.cutAfter(null);
          runner.beginIfWaiting();
          if (runner.active) runner.complete();
        }
      };
      // Runners that a crash left with a turn only say so when they are reached again.
      for (let round = 0; round < 20; round += 1) {
        // A message that was stored but never acknowledged may wait until its client comes back.
        if (round < 3) for (const { id } of sessions) wish(world.engine.sessions.sync(ANNA, id));
        answering();
        await clock.advance(30_000);
      }
      for (const index of clients.keys()) reconnect(index);
      await clock.advance(10_000);
      for (const client of clients) collect(client);
    },
  };
}
