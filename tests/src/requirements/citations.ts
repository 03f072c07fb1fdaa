import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A place in a test that says it proves a requirement. */
export interface Citation {
  id: string;
  /** Path below the repository, and the line, e.g. `tests/src/turn.test.ts:12`. */
  at: string;
}

/** Test sources: tests, and the case lists of the kits. This folder's own tests speak of requirements without proving any. */
const SOURCES = [
  '*.test.ts',
  '*.test.tsx',
  'packages/testkit/src/**/cases/*.ts',
  'packages/testkit/src/**/cases.ts',
];
const OWN = 'tests/src/requirements/';

const CITATION = /\[((?:LAW|DIES|SAFE|BOUND|TURN|ASK|LIFE|SERVER|LIB|KIT)-[A-Za-z0-9-]+)\]/g;
const COMMENT = /^\s*(\/\/|\/\*|\*)/;
const NOT_RUN = /\.(skip|todo)\b/;

/** All citations in the tests that git knows, or would add. */
export function collectCitations(root: string): Citation[] {
  const listed = execFileSync(
    'git',
    [
      'ls-files',
      '--cached',
      '--others',
      '--exclude-standard',
      '--',
      ...SOURCES.map((glob) => `:(glob)**/${glob}`),
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
  );
  return listed
    .split('\n')
    .filter((file) => file !== '' && !file.startsWith(OWN) && existsSync(join(root, file)))
    .flatMap((file) => citationsIn(file, readFileSync(join(root, file), 'utf8')));
}

/** The citations of one source. What stands at a test that is skipped or still to be written proves nothing. */
export function citationsIn(file: string, source: string): Citation[] {
  const lines = source.split('\n');
  return lines.flatMap((line, index) => {
    const ids = [...line.matchAll(CITATION)].map(([, id]) => id as string);
    if (ids.length === 0 || NOT_RUN.test(subjectOf(lines, index))) return [];
    return ids.map((id) => ({ id, at: `${file}:${index + 1}` }));
  });
}

/** The first line of code at or after a citation: what the citation is about. */
function subjectOf(lines: readonly string[], from: number): string {
  return lines.slice(from).find((line) => line.trim() !== '' && !COMMENT.test(line)) ?? '';
}
