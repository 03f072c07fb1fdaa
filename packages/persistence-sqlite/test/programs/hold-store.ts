/** Opens a store, says `open` or why not, then holds it until it is killed. Usage: hold-store.ts <file> */
import { AgentServerError } from '@hhopkins/agent-protocol';
import { sqlitePersistence } from '../../src/index.ts';

setTimeout(() => process.exit(2), 30_000);
const opening = sqlitePersistence({ file: process.argv[2] ?? '' }).open();
console.log(
  await opening.then(
    () => 'open',
    (error) => AgentServerError.from(error).code,
  ),
);
