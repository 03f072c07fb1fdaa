import {
  type EventType,
  initialState,
  reduce,
  type SessionEvent,
  type SessionState,
  type Snapshot,
} from '@hhopkins/agent-protocol';
import { within } from './deadline.ts';

/** Where a reader stands. */
export interface Cursor {
  streamId: string;
  seq: number;
}

/** What one client saw of a session, held against the laws of the stream while it comes. */
export interface Witness {
  readonly sessionId: string;
  readonly events: readonly SessionEvent[];
  readonly cursor: Cursor | undefined;
  /** What broke a law: gaps, doubles, resets that were not due. */
  readonly faults: readonly string[];
  /** The reduction of what it saw. */
  state(): SessionState;
  /** The first event that fits, seen already or yet to come. */
  until<Type extends EventType>(
    type: Type,
    fits?: (event: SessionEvent<Type>) => boolean,
  ): Promise<SessionEvent<Type>>;
  /** The end of a turn, whatever it is. */
  untilEnded(turnId: string): Promise<SessionEvent<'turn:completed' | 'turn:failed' | 'turn:interrupted'>>;

  takeStream(streamId: string): void;
  takeEvents(events: readonly SessionEvent[]): void;
  takeSnapshot(snapshot: Snapshot): void;
}

const ENDS = new Set<string>(['turn:completed', 'turn:failed', 'turn:interrupted']);

export function createWitness(sessionId: string): Witness {
  const events: SessionEvent[] = [];
  const faults: string[] = [];
  const listeners = new Set<() => void>();
  let streamId: string | undefined;
  let seq = 0;
  let state = initialState(sessionId);

  const find = async <Found>(what: string, fits: (event: SessionEvent) => boolean): Promise<Found> => {
    let looked = 0;
    let look = () => {};
    const found = new Promise<Found>((resolve) => {
      look = () => {
        while (looked < events.length) {
          const event = events[looked++] as SessionEvent;
          if (fits(event)) return resolve(event as Found);
        }
      };
      listeners.add(look);
      look();
    });
    const detail = () =>
      `Seen: ${events
        .slice(-15)
        .map(({ seq, type }) => `${seq} ${type}`)
        .join(', ')}`;
    return within(what, found, { detail }).finally(() => listeners.delete(look));
  };

  return {
    sessionId,
    events,
    faults,
    get cursor() {
      return streamId === undefined ? undefined : { streamId, seq };
    },
    state: () => state,
    until: (type, fits = () => true) =>
      find(`${type} in session ${sessionId}`, (event) => event.type === type && fits(event as never)),
    untilEnded: (turnId) =>
      find(
        `the end of turn ${turnId}`,
        (event) => ENDS.has(event.type) && (event.payload as { turnId?: string }).turnId === turnId,
      ),
    takeStream(id) {
      if (streamId !== undefined && streamId !== id) faults.push(`stream ${streamId} became ${id}`);
      streamId = id;
    },
    takeEvents(taken) {
      for (const event of taken) {
        if (event.seq !== seq + 1) faults.push(`event ${event.seq} came after ${seq}`);
        if (event.context.sessionId !== sessionId) faults.push(`event of session ${event.context.sessionId}`);
        seq = event.seq;
        events.push(event);
        state = reduce(state, event);
      }
      for (const look of listeners) look();
    },
    takeSnapshot(snapshot) {
      if (seq > 0) faults.push(`a snapshot at ${snapshot.seq} in place of the events after ${seq}`);
      ({ streamId, seq } = snapshot);
      state = { session: snapshot.session, conversation: snapshot.conversation, files: snapshot.files };
    },
  };
}
