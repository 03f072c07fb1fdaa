/** What is wrong with a `sim:` line; it becomes the text of the answer. */
export class ScenarioProblem extends Error {
  override name = 'ScenarioProblem';
}

/** Reads the options of a `sim:` line with their defaults and bounds. */
export interface OptionReader {
  text(name: string, fallback: string): string;
  optionalText(name: string): string | undefined;
  number(name: string, fallback: number, bounds: { min: number; max: number }): number;
  flag(name: string): boolean;
  /** Every option that is not in `except`, as given. */
  others(...except: string[]): Record<string, string>;
}

export function readOptions(options: Record<string, string>): OptionReader {
  const values = new Map(Object.entries(options));
  return {
    text: (name, fallback) => values.get(name) ?? fallback,
    optionalText: (name) => values.get(name),
    number(name, fallback, { min, max }) {
      const given = values.get(name);
      if (given === undefined) return fallback;
      const value = Number(given);
      if (given.trim() === '' || !Number.isFinite(value) || value < min || value > max) {
        throw new ScenarioProblem(`${name}= must be a number from ${min} to ${max}, not "${given}".`);
      }
      return value;
    },
    flag: (name) => ['true', '1', 'yes'].includes(values.get(name) ?? ''),
    others: (...except) => Object.fromEntries([...values].filter(([name]) => !except.includes(name))),
  };
}
