import { CLIENT_KINDS } from './client.ts';
import { CONNECTION_KINDS } from './connection.ts';
import { INSIDE_KINDS } from './inside.ts';
import type { FaultKind, KindName } from './kind.ts';
import { SERVER_KINDS } from './server.ts';
import { STORE_KINDS } from './store.ts';

const ALL: readonly FaultKind[] = [
  ...SERVER_KINDS,
  ...INSIDE_KINDS,
  ...CLIENT_KINDS,
  ...CONNECTION_KINDS,
  ...STORE_KINDS,
];

export function kindNamed(name: KindName): FaultKind {
  const kind = ALL.find((each) => each.name === name);
  if (!kind) throw new Error(`no fault is called ${name}`);
  return kind;
}
