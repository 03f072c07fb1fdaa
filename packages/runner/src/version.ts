/** Version of this package, as it is told to engines; the bundle has the number of its release put in. */
export const RUNNER_VERSION: string =
  typeof __RUNNER_VERSION__ === 'string' ? __RUNNER_VERSION__ : '0.0.0-source';

declare const __RUNNER_VERSION__: string | undefined;
