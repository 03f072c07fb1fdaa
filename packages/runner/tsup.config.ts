import { library } from '../../tsup.config.base.ts';

export default {
  ...library({ index: 'src/index.ts', bin: 'src/bin.ts' }),
  // The bundle is replaced as a whole by its own script: whoever uses it meanwhile does not miss it.
  clean: ['!agent-runner.mjs'],
};
