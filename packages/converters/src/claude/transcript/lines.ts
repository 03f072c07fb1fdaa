import { isRecord, type JsonRecord } from '../json.ts';

export interface TranscriptLines {
  lines: JsonRecord[];
  /** Some line is not JSON: the agent ended while it wrote. Such lines are left out. */
  torn: boolean;
}

export function readLines(raw: string): TranscriptLines {
  const lines: JsonRecord[] = [];
  let torn = false;
  for (const text of raw.split('\n')) {
    if (text.trim() === '') continue;
    const line = parseLine(text);
    if (line) lines.push(line);
    else torn = true;
  }
  return { lines, torn };
}

export function parseLine(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
