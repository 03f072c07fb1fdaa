import { describe, test } from 'vitest';

/** One behaviour that every adapter of a kind must have. Cases are data, so that they run in any test runner. */
export interface Case<Context> {
  /** Stable and kebab-case, e.g. `stdio-is-separate`; skips and mutants name it. */
  readonly id: string;
  /** The behaviour as a user sees it. */
  readonly title: string;
  /** Why this cannot be shown with this adapter, or undefined when it can. Asked before `run`. */
  needs?(context: Context): string | undefined | Promise<string | undefined>;
  /** Rejects when the behaviour is missing. */
  run(context: Context): Promise<void>;
  /** Deadline in milliseconds; 30,000 when absent. */
  readonly timeoutMs?: number;
}

/** How a case gets what it runs on: a fresh context each, given back afterwards even when the case failed. */
export interface CaseSetup<Context> {
  open(): Promise<Context>;
  close?(context: Context): Promise<void>;
}

export interface CaseResult {
  id: string;
  outcome: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped. */
  reason?: string;
  /** What it failed with. */
  error?: unknown;
}

/** Ids of cases to leave out, each with the reason. */
export type CaseSkips = Readonly<Record<string, string>>;

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Declares a vitest suite with one test a case. A skip that names no case fails the suite: it is stale.
 *
 * @example
 * describeCases('my store', storeCases, { open: async () => openStore() }, { 'survives-restart': 'keeps nothing' });
 */
export function describeCases<Context>(
  title: string,
  cases: readonly Case<Context>[],
  setup: CaseSetup<Context>,
  skip: CaseSkips = {},
): void {
  requireUniqueIds(cases);
  describe(title, () => {
    for (const id of Object.keys(skip)) {
      if (cases.some((each) => each.id === id)) continue;
      test(`skip of ${id}`, () => {
        throw new Error(`There is no case "${id}" to skip; remove it from the skips of "${title}".`);
      });
    }
    for (const each of cases) {
      const deadline = each.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      test(each.title, { timeout: deadline * 2 }, async (context) => {
        const result = await runCase(each, setup, skip);
        if (result.outcome === 'skipped') context.skip(result.reason);
        if (result.outcome === 'failed') throw result.error;
      });
    }
  });
}

/** Runs cases one after another and says how each went. Never rejects; `only` limits it to these ids. */
export async function runCases<Context>(
  cases: readonly Case<Context>[],
  setup: CaseSetup<Context>,
  choice: { only?: readonly string[]; skip?: CaseSkips } = {},
): Promise<CaseResult[]> {
  requireUniqueIds(cases);
  const unknown = choice.only?.filter((id) => !cases.some((each) => each.id === id)) ?? [];
  if (unknown.length > 0) throw new Error(`There is no case "${unknown.join('", "')}".`);
  const results: CaseResult[] = [];
  for (const each of cases) {
    if (choice.only && !choice.only.includes(each.id)) continue;
    results.push(await runCase(each, setup, choice.skip ?? {}));
  }
  return results;
}

async function runCase<Context>(
  each: Case<Context>,
  setup: CaseSetup<Context>,
  skip: CaseSkips,
): Promise<CaseResult> {
  const id = each.id;
  const declared = skip[id];
  if (declared !== undefined) return { id, outcome: 'skipped', reason: declared };
  const deadline = each.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  let result: CaseResult;
  try {
    const context = await within(setup.open(), deadline, `${id}: opening`);
    try {
      const reason = await each.needs?.(context);
      if (reason !== undefined) result = { id, outcome: 'skipped', reason };
      else {
        await within(each.run(context), deadline, id);
        result = { id, outcome: 'passed' };
      }
    } catch (error) {
      result = { id, outcome: 'failed', error };
    }
    // Cleaning up must not hide what the case itself found.
    await within(Promise.resolve(setup.close?.(context)), deadline, `${id}: closing`).catch((error) => {
      if (result.outcome === 'passed') result = { id, outcome: 'failed', error };
    });
  } catch (error) {
    result = { id, outcome: 'failed', error };
  }
  return result;
}

function requireUniqueIds(cases: readonly { id: string }[]): void {
  const seen = new Set<string>();
  for (const { id } of cases) {
    if (seen.has(id)) throw new Error(`Two cases have the id "${id}".`);
    seen.add(id);
  }
}

async function within<Value>(promise: Promise<Value>, milliseconds: number, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
