import { describeSandboxProvider } from '@hhopkins/agent-testkit/sandbox';
import { plainProcesses } from '../src/index.ts';
import { sandboxDirectory } from './support/directory.ts';
import { createElsewhere } from './support/elsewhere.ts';

const directory = sandboxDirectory();

describeSandboxProvider({
  name: 'plain processes',
  createProvider: () => plainProcesses({ directory, terminateGraceMs: 100 }),
  createElsewhere: (spec) => createElsewhere('plain', directory, spec),
});
