export type { Limits } from './limits/control-groups.ts';
export type { LocalSandboxOptions } from './options.ts';
export { plainProcesses } from './plain/plain-processes.ts';
