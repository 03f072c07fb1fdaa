/** Takes what a listener throws, so that it reaches neither the stream nor other listeners. */
export type ReportError = (error: unknown) => void;

/** Listeners of one thing. */
export interface Listeners<Values extends unknown[]> {
  readonly size: number;
  /** Returns what removes it. The same function added twice is two listeners. */
  add(listener: (...values: Values) => void): () => void;
  notify(...values: Values): void;
}

export function createListeners<Values extends unknown[] = []>(report: ReportError): Listeners<Values> {
  const entries = new Set<{ listener: (...values: Values) => void }>();
  return {
    get size() {
      return entries.size;
    },
    add(listener) {
      const entry = { listener };
      entries.add(entry);
      return () => {
        entries.delete(entry);
      };
    },
    notify(...values) {
      for (const { listener } of [...entries]) {
        try {
          listener(...values);
        } catch (error) {
          report(error);
        }
      }
    },
  };
}
