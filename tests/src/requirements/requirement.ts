/** A promise of the project. */
export interface Requirement {
  /** One sentence that is true or false of a running server. */
  readonly says: string;
  /** Where the promise is made. */
  readonly from: string;
  /** Why nothing proves it yet. A test that cites it all the same makes this stale. */
  readonly later?: string;
}

/** By stable id, e.g. `LAW-03-cursor-exact`. */
export type Requirements = Readonly<Record<string, Requirement>>;
