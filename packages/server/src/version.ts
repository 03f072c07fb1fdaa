import manifest from '../package.json' with { type: 'json' };

/** Of this package, as `/health` says it; a build has it put in. */
export const VERSION: string = manifest.version;
