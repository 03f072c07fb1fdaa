import { library } from '../../tsup.config.base.ts';

export default library({
  index: 'src/index.ts',
  transport: 'src/transport/index.ts',
  persistence: 'src/persistence/index.ts',
  sandbox: 'src/sandbox/index.ts',
});
