import type { SessionEvent, SessionState } from '@hhopkins/agent-protocol';

/** What a commit made known. */
export interface Publication {
  sessionId: string;
  events: readonly SessionEvent[];
  state: SessionState;
  seq: number;
}

/** Tells readers on this server that a session's stream has grown or gone. It keeps nothing: readers read by `seq`. */
export interface StreamHub {
  publish(publication: Publication): void;
  /** The session was purged. */
  remove(sessionId: string): void;
  /** Calls for every publication; returns unsubscribes. */
  onPublish(listener: (publication: Publication) => void): () => void;
  onRemove(listener: (sessionId: string) => void): () => void;
  /** Calls whenever this session's stream changed; returns unsubscribes. */
  watch(sessionId: string, listener: () => void): () => void;
}

/** @param onFault what a listener threw; the others are called all the same */
export function createStreamHub(onFault: (error: unknown) => void = () => {}): StreamHub {
  const watchers = new Map<string, Set<() => void>>();
  const publishListeners = new Set<(publication: Publication) => void>();
  const removeListeners = new Set<(sessionId: string) => void>();

  const call = <Argument>(listeners: Iterable<(argument: Argument) => void>, argument: Argument): void => {
    for (const listener of [...listeners]) {
      try {
        listener(argument);
      } catch (error) {
        onFault(error);
      }
    }
  };
  const subscribe = <Listener>(set: Set<Listener>, listener: Listener) => {
    set.add(listener);
    return () => void set.delete(listener);
  };

  return {
    publish(publication) {
      call(publishListeners, publication);
      call(watchers.get(publication.sessionId) ?? [], undefined);
    },
    remove(sessionId) {
      call(removeListeners, sessionId);
      call(watchers.get(sessionId) ?? [], undefined);
    },
    onPublish: (listener) => subscribe(publishListeners, listener),
    onRemove: (listener) => subscribe(removeListeners, listener),
    watch(sessionId, listener) {
      const set = watchers.get(sessionId) ?? new Set();
      watchers.set(sessionId, set);
      set.add(listener);
      return () => {
        set.delete(listener);
        if (set.size === 0 && watchers.get(sessionId) === set) watchers.delete(sessionId);
      };
    },
  };
}
