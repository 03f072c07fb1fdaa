import { library } from '../../tsup.config.base.ts';

// The init is mounted into sandboxes, so each entry must be complete in itself.
export default { ...library({ index: 'src/index.ts', 'init/main': 'src/init/main.ts' }), splitting: false };
