import { fileURLToPath } from 'node:url';
import packageJson from '../package.json' with { type: 'json' };

/** What the relay calls itself in its handshake. */
export const RELAY_NAME = 'agent-relay';

export const RELAY_VERSION: string = packageJson.version;

/** File of the `agent-relay` program, for those who start it: TypeScript in the workspace, JavaScript as published. */
export const RELAY_PROGRAM: string = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './bin.ts' : './bin.js', import.meta.url),
);
