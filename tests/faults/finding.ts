/** What a fault must never do. */
export type Verdict = 'lost' | 'doubled' | 'stuck';

/** One promise that was broken, with a line that says how. */
export interface Finding {
  verdict: Verdict;
  what: string;
}

export const lost = (what: string): Finding => ({ verdict: 'lost', what });
export const doubled = (what: string): Finding => ({ verdict: 'doubled', what });
export const stuck = (what: string): Finding => ({ verdict: 'stuck', what });

/** Thrown where nothing more can be learned of a pass. */
export class Broken extends Error {
  readonly finding: Finding;
  constructor(finding: Finding) {
    super(finding.what);
    this.finding = finding;
  }
}

/** What an error that ended a pass says about the product: everything waits with a deadline, so it did not come. */
export const findingOf = (error: unknown): Finding =>
  error instanceof Broken ? error.finding : stuck(error instanceof Error ? error.message : String(error));
