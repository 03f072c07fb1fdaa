import type { Requirements } from './requirement.ts';

const from = 'bounds and safety';

export const BOUNDS = {
  'SAFE-loopback-default': { from, says: 'the server listens on 127.0.0.1 unless told otherwise' },
  'SAFE-no-open-door': { from, says: 'another address without an API key refuses to start' },
  'SAFE-no-unisolated-door': {
    from,
    says: 'another address with unisolated sandboxes refuses to start unless told explicitly',
  },
  'SAFE-host-checked': { from, says: 'a request for a foreign Host is refused, WebSocket upgrades too' },
  'SAFE-origin-checked': { from, says: 'a request from a foreign Origin is refused, WebSocket upgrades too' },
  'SAFE-api-key': { from, says: 'with a key set, nothing is answered without it but health and readiness' },
  'SAFE-hostile-files': {
    from,
    says: 'files of a sandbox go out with nosniff and a sandbox policy, active types as attachments',
  },
  'SAFE-runner-untrusted': {
    from,
    says: 'what a runner says is checked by schema, size and an allow-list of types; ids come from the engine',
  },
  'SAFE-no-network': { from, says: 'an isolated sandbox has no network' },
  'SAFE-no-key-in-sandbox': {
    from,
    says: 'the key is nowhere in the sandbox: environment, files, /proc',
  },
  'SAFE-no-key-outside': { from, says: 'the key is in no event, transcript, error or log line' },
  'SAFE-relay-tokens': {
    from,
    says: 'the relay takes signed tokens of one session, limited in paths, rate and budget',
  },
  'SAFE-interrupt-ends-all': { from, says: 'Ctrl-C ends everything that the server started, and says so' },
  'SAFE-orphans-end': { from, says: 'what nobody has attended for ORPHAN_TTL_MS ends by itself' },
  'SAFE-termination-leaves-runs': { from, says: 'SIGTERM leaves runs to the next server' },
  'BOUND-queue-full': { from, says: 'a message over the queue limit is 429 with its place, not dropped' },
  'BOUND-body': { from, says: 'a body over the limit is 413' },
  'BOUND-capacity': { from, says: 'a sandbox over the limit is 429 or waits, and is not dropped' },
  'BOUND-journal-full': {
    from,
    says: 'a journal over its limit ends the turn as journal_full, written from a reserve',
  },
  'BOUND-coded-refusals': {
    from,
    says: 'any malformed request or frame gets a coded 4xx: never a 500, never a dead connection',
  },
  'BOUND-problem-json': {
    from,
    says: 'an error is problem+json with a stable code, what is wrong, what to do',
  },
  'BOUND-paths-inside': { from, says: 'a file path never leaves the workspace' },
  'BOUND-disk-full': {
    from,
    says: 'a full disk under a runner ends the turn as journal_full, loses nothing that was taken, and lets the next turn run',
  },
  'BOUND-long-session': {
    from,
    says: 'of a session of 100,000 events only the snapshot and what came after it is read, by servers and clients alike',
  },
  'BOUND-compacted': {
    from,
    says: 'what a block was streamed in goes once the block is whole, old and below a snapshot, a bounded stretch at a time',
  },
  'BOUND-take-up': {
    from,
    says: 'a server that starts asks for the sessions that have something to do, not for all of them',
  },
  'BOUND-runner-versions': {
    from,
    says: 'a runner of any version that is spoken is understood; a sandbox with another is replaced, and no waiting message is lost',
  },
  'BOUND-slow-clients': {
    from,
    says: 'clients that take nothing cost the server a bounded memory, are told, and resume with nothing lost',
  },
  'BOUND-flood': {
    from,
    says: 'a client that floods is answered rate_limited, costs a bounded memory, and harms nobody',
  },
  'BOUND-reconnects': {
    from,
    says: 'a hundred connections in a row leave no descriptor, subscription or memory behind',
  },
  'SAFE-principal': { from, says: 'every session has its principal from the start' },
} as const satisfies Requirements;
