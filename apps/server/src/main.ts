// Environment → configuration → a server that runs until it is told to end.
import { run } from '@hhopkins/agent-cli';

process.exit(await run(process.env));
