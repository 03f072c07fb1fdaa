import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { AgentServerError, type ErrorCode } from '@hhopkins/agent-protocol';

/** Equal as JSON, whatever prototypes a driver gives to its rows. */
export function assertSame(actual: unknown, expected: unknown, what: string): void {
  const plain = (value: unknown) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
  const [found, wanted] = [plain(actual), plain(expected)];
  if (isDeepStrictEqual(found, wanted)) return;
  // With a message of its own: Node would take seconds to compare long lists for one.
  const message = `${what}: got ${excerptOf(found)}, expected ${excerptOf(wanted)}`;
  throw new assert.AssertionError({ message, actual: found, expected: wanted, operator: 'deepStrictEqual' });
}

/** For texts too large for a readable difference. */
export function assertSameText(actual: unknown, expected: string, what: string): void {
  const found = typeof actual === 'string' ? `${actual.length} characters` : String(actual);
  assert.ok(
    actual === expected,
    `${what}: not the ${expected.length} characters that were saved, but ${found}`,
  );
}

/** The promise must be rejected with an `AgentServerError` of this code. */
export async function assertRefused(promise: Promise<unknown>, code: ErrorCode, what: string): Promise<void> {
  await promise.then(
    () => assert.fail(`${what}: was not refused with ${code}`),
    (error: unknown) => {
      assert.ok(AgentServerError.isInstance(error), `${what}: failed with ${error} instead of ${code}`);
      assert.equal(error.code, code, `${what}: ${error.message}`);
    },
  );
}

/** Looks again until `look` gives a value, or the deadline is over. */
export async function eventually<Value>(
  look: () => Promise<Value | undefined>,
  what: string,
  deadlineMs = 10_000,
): Promise<Value> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > end) assert.fail(`${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const excerptOf = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 300);
