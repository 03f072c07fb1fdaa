import type {
  ClientFrame,
  Problem,
  ServerFrame,
  SessionEvent,
  SessionState,
  Snapshot,
} from '@hhopkins/agent-protocol';
import { AgentServerError } from '@hhopkins/agent-protocol/light';
import { type BackOff, backOffMs } from '../support/back-off.ts';
import type { Clock } from '../support/clock.ts';
import { createListeners, type ReportError } from '../support/listeners.ts';
import { createOptimisticList, type OptimisticList } from './optimistic.ts';
import { hear, type Replica, type StreamFrame } from './replica.ts';
import { EMPTY_VIEW, type SessionView, type SessionViewStatus } from './session-view.ts';

/** What becomes of a session, one by one: for those who keep books rather than show it. */
export interface SessionObserver {
  /** Every event once, in order, with no gap since the snapshot before. */
  event?(event: SessionEvent): void;
  /** What was known is replaced by this: at the beginning, and when the stream cannot be continued. */
  snapshot?(snapshot: Snapshot): void;
}

/** One session as this client knows it. */
export interface SessionStore {
  readonly view: SessionView;
  readonly state: SessionState | undefined;
  readonly optimistic: OptimisticList;
  /** Somebody listens. */
  readonly isFollowed: boolean;
  /** It holds what must not be forgotten. */
  readonly isUsed: boolean;
  subscribe(listener: () => void): () => void;
  observe(observer: SessionObserver): () => void;
  /** The optimistic list was changed from outside. */
  changed(): void;
  up(): void;
  down(): void;
  frame(frame: StreamFrame | Extract<ServerFrame, { type: 'lagging' | 'unsubscribed' }>, size: number): void;
  refused(problem: Problem): void;
}

export interface SessionStoreParts {
  sessionId: string;
  isUp(): boolean;
  send(frame: ClientFrame): void;
  /** Returns what says that the connection is wanted no more. */
  want(): () => void;
  clock: Clock;
  random(): number;
  report: ReportError;
  limits: Readonly<SessionLimits>;
}

/** Milliseconds and characters. */
export interface SessionLimits {
  /** How long the server may take to answer a subscription before it is asked again. */
  answerMs: number;
  retry: BackOff;
  /** So much is taken in before it is acknowledged: each costs a frame, and the server allows few. */
  acknowledgeAfter: number;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  answerMs: 15_000,
  retry: { first: 500, maximum: 15_000 },
  acknowledgeAfter: 128 * 1024,
};

export function createSessionStore(parts: SessionStoreParts): SessionStore {
  const { sessionId, send, clock, random, limits, report } = parts;
  const listeners = createListeners(report);
  const observers = new Set<{ observer: SessionObserver }>();
  const optimistic = createOptimisticList();
  let replica: Replica | undefined;
  /** `off`: not subscribed to on this link. `asked`: no answer yet. */
  let following: 'off' | 'asked' | 'live' | 'gone' = 'off';
  let error: AgentServerError | undefined;
  let failures = 0;
  /** False once the stream cannot be continued from the cursor: then only a snapshot helps. */
  let resumes = true;
  let gapAt: number | undefined;
  let release: (() => void) | undefined;
  let cancelTimer = () => {};
  let farewells = 0;
  let unacknowledged = 0;
  let view: SessionView = { ...EMPTY_VIEW, status: 'idle', optimistic: [], cursor: undefined, error };

  const subscribers = () => listeners.size + observers.size;

  function statusNow(): SessionViewStatus {
    if (following === 'gone') return 'gone';
    if (following === 'live') return 'live';
    if (replica) return 'stale';
    return subscribers() > 0 ? 'loading' : 'idle';
  }

  function changed(): void {
    view = {
      ...(replica?.state ?? EMPTY_VIEW),
      status: statusNow(),
      optimistic: optimistic.visible,
      cursor: replica?.cursor,
      error,
    };
    listeners.notify();
  }

  function ask(): void {
    following = 'asked';
    send({ type: 'subscribe', sessionId, ...(replica && resumes ? { after: replica.cursor } : {}) });
    after(limits.answerMs, ask);
  }

  function askLater(): void {
    failures += 1;
    following = 'asked';
    after(backOffMs(limits.retry, failures, random()), ask);
  }

  function after(milliseconds: number, act: () => void): void {
    cancelTimer();
    cancelTimer = clock.schedule(milliseconds, act);
  }

  function up(): void {
    if (subscribers() === 0) return;
    ask();
    changed();
  }

  function down(): void {
    cancelTimer();
    farewells = 0;
    unacknowledged = 0;
    if (following === 'off' || following === 'gone') return;
    following = 'off';
    changed();
  }

  /** Begins with the first who listens, and ends with the last. */
  function begin(): void {
    if (release) return;
    release = parts.want();
    if (parts.isUp()) up();
    else changed();
  }

  function end(): void {
    if (subscribers() > 0 || !release) return;
    cancelTimer();
    if (parts.isUp() && following !== 'off') {
      send({ type: 'unsubscribe', sessionId });
      farewells += 1;
    }
    following = 'off';
    failures = 0;
    // Whenever it is followed again, the stream shows what was acknowledged.
    optimistic.heardSnapshot();
    release();
    release = undefined;
    changed();
  }

  function tell(snapshot: Snapshot | undefined, events: readonly SessionEvent[]): void {
    for (const { observer } of [...observers]) {
      try {
        if (snapshot) observer.snapshot?.(snapshot);
        for (const event of events) observer.event?.(event);
      } catch (thrown) {
        report(thrown);
      }
    }
  }

  function take(frame: StreamFrame): void {
    const isAnswer = frame.type !== 'events';
    if (!isAnswer && !resumes) return;
    const heard = hear(replica, frame);
    replica = heard.replica;
    if (heard.snapshot || heard.events.length > 0) {
      failures = 0;
      gapAt = undefined;
    }
    if (heard.snapshot) resumes = true;
    // While an answer is awaited, what comes may still belong to what was before.
    if (heard.broken && (isAnswer || following === 'live')) repair(heard.broken);
    else if (isAnswer) {
      cancelTimer();
      following = 'live';
      error = undefined;
    }
    if (heard.snapshot) optimistic.heardSnapshot();
    optimistic.heardEvents(heard.events);
    tell(heard.snapshot, heard.events);
  }

  /** Asks for what is missing; when that did not help already, for everything. */
  function repair(broken: 'gap' | 'stream'): void {
    const seq = replica?.cursor.seq;
    if (broken === 'stream' || gapAt === seq) resumes = false;
    gapAt = seq;
    if (resumes) ask();
    else askLater();
  }

  function acknowledge(size: number): void {
    unacknowledged += size;
    if (unacknowledged < limits.acknowledgeAfter || !replica) return;
    unacknowledged = 0;
    send({ type: 'ack', sessionId, seq: replica.cursor.seq });
  }

  return {
    get view() {
      return view;
    },
    get state() {
      return replica?.state;
    },
    optimistic,
    get isFollowed() {
      return release !== undefined;
    },
    get isUsed() {
      return release !== undefined || !optimistic.isEmpty;
    },
    subscribe(listener) {
      const remove = listeners.add(listener);
      begin();
      return () => {
        remove();
        end();
      };
    },
    observe(observer) {
      const entry = { observer };
      observers.add(entry);
      begin();
      return () => {
        observers.delete(entry);
        end();
      };
    },
    changed,
    up,
    down,
    frame(frame, size) {
      if (frame.type === 'unsubscribed' && farewells > 0) {
        farewells -= 1;
        return;
      }
      if (following === 'off') return;
      switch (frame.type) {
        case 'unsubscribed':
          // Nobody asked for that: the answer to the next question tells whether the session is gone.
          askLater();
          break;
        case 'lagging':
          ask();
          break;
        default:
          take(frame);
          acknowledge(size);
      }
      changed();
    },
    refused(problem) {
      if (following === 'off') return;
      error = AgentServerError.fromProblem(problem);
      if (error.code === 'session_not_found') {
        cancelTimer();
        following = 'gone';
      } else askLater();
      changed();
    },
  };
}
