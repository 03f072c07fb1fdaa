export { type BubblewrapOptions, bubblewrap } from './bubblewrap/bubblewrap.ts';
export type { HostUser } from './bubblewrap/host-user.ts';
export type { Limits } from './limits/control-groups.ts';
export type { LocalSandboxOptions } from './options.ts';
export { plainProcesses } from './plain/plain-processes.ts';
