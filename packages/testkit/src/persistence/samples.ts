import { randomUUID } from 'node:crypto';
import type { SessionRecord } from '@hhopkins/agent-core';
import type { WorkspaceFile } from '@hhopkins/agent-protocol';

/** An id that no other case has. */
export const newId = (kind: string): string => `${kind}-${randomUUID()}`;

/** Texts that stores tend to mangle: quoting, escapes, patterns, marks beyond the basic plane, and what looks like ends. */
export const ODD_TEXTS = [
  '',
  ' leading and trailing ',
  '\ttabs\r\nand\nline ends\r',
  `quotes ' " \` and back\\slashes \\n \\u0000`,
  "'; DROP TABLE sessions; --",
  '100%_of $1 {{braces}} $names :params ?',
  'ümlaut, Ωmega, 日本語, עברית, 👩‍👩‍👧‍👦 🏳️‍🌈',
  'e\u0301 is not \u00e9',
  '\ufeffbyte order mark, \u2028 line and \u2029 paragraph separators',
  'control \u0001\u001b[31m\u007f, private \ue000, \uffff',
  'null',
  '{"json":"in text"}',
  'true',
  '2026-01-01T00:00:00.000Z',
  '\ud83d\ude00'.repeat(500),
] as const;

/** A record with every field set. */
export function sampleRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    sessionId: newId('session'),
    architecture: 'claude-sdk',
    agentProfileRef: 'reviewer',
    name: 'A session',
    principal: 'anna',
    status: 'idle',
    sessionOptions: {
      model: 'sonnet',
      temperature: 0.25,
      tools: ['read', 'write'],
      nested: { on: true, off: null },
    },
    metadata: { ticket: 42, labels: [], empty: {} },
    agentSessionId: newId('conversation'),
    sandbox: { provider: 'local', nonce: newId('nonce'), sandboxId: newId('sandbox') },
    createdAt: '2026-03-01T10:00:00.000Z',
    updatedAt: '2026-03-01T10:00:01.500Z',
    asOfSeq: 7,
    ...changes,
  };
}

export function sampleFile(changes: Partial<WorkspaceFile> = {}): WorkspaceFile {
  return {
    path: 'src/index.ts',
    content: 'export {};\n',
    encoding: 'utf8',
    size: 11,
    mode: 0o644,
    modifiedAt: '2026-03-01T10:00:00.000Z',
    ...changes,
  };
}

/** Every byte value, twice, in an order that no text decoder leaves alone. */
export function binaryFile(changes: Partial<WorkspaceFile> = {}): WorkspaceFile {
  const bytes = Buffer.from([...Array(256).keys(), ...[...Array(256).keys()].reverse()]);
  return sampleFile({
    path: 'assets/all-bytes.bin',
    content: bytes.toString('base64'),
    encoding: 'base64',
    size: bytes.length,
    ...changes,
  });
}
