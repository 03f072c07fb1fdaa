import { doubled, type Finding } from '../finding.ts';
import type { AuditLine } from '../store-fault.ts';

/** No write was let in that began after one with a higher epoch had succeeded. */
export function checkFencing(lines: readonly AuditLine[], sessionId: string): Finding[] {
  let highest = 0;
  const before = new Map<string, number>();
  return lines
    .filter((line) => line.sessionId === sessionId)
    .flatMap(({ at, call, server, method, epoch }) => {
      const key = `${server} ${call}`;
      if (at === 'begin') {
        before.set(key, highest);
        return [];
      }
      highest = Math.max(highest, epoch);
      const known = before.get(key) ?? 0;
      return epoch < known
        ? [doubled(`${method} with epoch ${epoch} was let in after one with epoch ${known}`)]
        : [];
    });
}
