import { describeSandboxProvider } from '@hhopkins/agent-testkit/sandbox';
import { bubblewrap } from '../src/index.ts';
import { sandboxDirectory } from './support/directory.ts';
import { createElsewhere } from './support/elsewhere.ts';

const directory = sandboxDirectory();

describeSandboxProvider({
  name: 'bubblewrap',
  createProvider: () => bubblewrap({ directory, terminateGraceMs: 100 }),
  createElsewhere: (spec) => createElsewhere('bubblewrap', directory, spec),
});
