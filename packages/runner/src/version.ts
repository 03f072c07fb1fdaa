import manifest from '../package.json' with { type: 'json' };

/** Version of this package, as it is told to engines. */
export const RUNNER_VERSION: string = manifest.version;
