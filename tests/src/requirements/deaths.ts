import type { Requirements } from './requirement.ts';

const from = 'who dies, and what follows';

export const DEATHS = {
  'DIES-client': { from, says: 'a client or connection that breaks resumes from its cursor' },
  'DIES-server': {
    from,
    says: 'after kill -9 of the server the run goes on, and the blocks are those of an undisturbed run',
  },
  'DIES-server-frozen': {
    from,
    says: 'a frozen server that thaws after another took over writes nothing',
  },
  'DIES-store': {
    from,
    says: 'while the store fails readiness is red, and the stream goes on when it is back',
  },
  'DIES-relay': {
    from,
    says: 'the relay is restarted and the agent repeats its model call',
  },
  'DIES-model-attempt': { from, says: 'the blocks of a broken attempt of the model are taken back' },
  'DIES-agent': { from, says: 'the turn fails as agent_lost, and the next one resumes natively' },
  'DIES-runner': { from, says: 'the turn ends as runner_lost, and nothing of the agent is left running' },
  'DIES-sandbox': {
    from,
    says: 'the turn ends as sandbox_lost, and the next message gets a sandbox with workspace and memory',
  },
  'DIES-open-ask': {
    from,
    says: 'an open ask of a lost turn expires, and a late answer is 409 request_expired',
  },
  'DIES-allow-always-kept': { from, says: 'what was allowed for good stands in the session record' },
  'DIES-silent-turn': { from, says: 'a turn with no sign of life ends as turn_timeout' },
} as const satisfies Requirements;
