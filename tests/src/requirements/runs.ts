import type { Requirements } from './requirement.ts';

const turn = 'a turn, as a user sees it';
const life = "a session's life";
const server = 'the reference server';
const library = 'as a library';

export const RUNS = {
  'TURN-streams-text': { from: turn, says: 'text and thinking arrive as deltas of pending blocks' },
  'TURN-really-done': { from: turn, says: 'a shell command and a file write really happen' },
  'TURN-tool-results': { from: turn, says: 'every tool call has its result, by the same toolUseId' },
  'TURN-subagent': { from: turn, says: 'a subagent has a block, and its own conversation' },
  'TURN-interrupt': { from: turn, says: 'an interrupt ends the turn, and the session goes on' },
  'TURN-remembers': { from: turn, says: 'the next turn remembers the one before' },
  'TURN-model-error': { from: turn, says: 'an error of the model is a failed turn with a code' },
  'TURN-overload-retried': { from: turn, says: 'an overloaded model is tried again within the turn' },
  'TURN-file-events': { from: turn, says: 'files made, changed and deleted are file:* events' },
  'TURN-usage': { from: turn, says: 'an ended turn says what it used' },
  'TURN-steer-heard-once': {
    from: turn,
    says: 'a message that steers is shown once and heard once, at whatever moment of a turn it comes',
  },
  'TURN-agent-begins': {
    from: turn,
    says: 'what a background command wakes the agent to is a turn of its own, with outcome and interrupt',
  },
  'ASK-permission': { from: turn, says: 'allow runs the tool and deny does not, over REST and WebSocket' },
  'ASK-allow-always': { from: turn, says: 'allow_always is not asked again' },
  'ASK-question': { from: turn, says: 'a question reaches the user, and the answer reaches the agent' },
  'ASK-answered-once': { from: turn, says: 'a second answer is 409 already_resolved' },

  'LIFE-in-store': { from: life, says: 'transcript and files are in the store after a turn' },
  'LIFE-restart-same-blocks': { from: life, says: 'after a restart the blocks are the same' },
  'LIFE-restart-remembers': { from: life, says: 'after a restart the agent remembers' },
  'LIFE-idle-released': {
    from: life,
    says: 'an idle session is saved, its sandbox goes, and the next message wakes it with its memory',
  },
  'LIFE-every-wait-bounded': {
    from: life,
    says: 'no state of a session waits without a watchdog or somebody who comes, and every exit is told',
  },
  'LIFE-releasing': {
    from: life,
    says: 'a message that comes while a sandbox is being ended is taken at once, and gets a new one',
  },
  'LIFE-background-is-life': {
    from: life,
    says: 'a background task keeps the sandbox of a session that nobody uses, within a bound',
  },
  'LIFE-orphans-reaped': {
    from: life,
    says: 'only what is of this deployment, claimed by no record and older than the grace period is reaped',
  },
  'LIFE-delete-ends': { from: life, says: 'DELETE ends agent and sandbox; the record stays readable' },
  'LIFE-purge': { from: life, says: 'a purge removes the record too' },
  'LIFE-same-agent-after-kill': {
    from: life,
    says: 'kill -9 of the server does not restart the agent',
  },
  'LIFE-two-clients-alike': { from: life, says: 'two clients of a session see the same' },
  'LIFE-random-disconnects': {
    from: life,
    says: 'a client that disconnects at random sees each seq once',
  },
  'LIFE-cancel-queued': { from: life, says: 'a message that still waits can be withdrawn' },
  'LIFE-profiles': {
    from: life,
    says: "profiles of a folder and of the store reach the agent in Claude's forms",
  },

  'SERVER-stop-graceful': {
    from: server,
    says: 'on SIGTERM readiness is red, clients get 1012, all is flushed within a bound, and the next start continues',
  },
  'SERVER-stop-runs': { from: server, says: 'STOP_RUNS=end has SIGTERM save and end the runs' },
  'SERVER-second-signal': { from: server, says: 'a second signal ends the server at once' },
  'SERVER-banner': {
    from: server,
    says: 'the start prints address, store, sandbox, agents, model and lines that work',
  },
  'SERVER-simulator-said': {
    from: server,
    says: 'without a key the simulator answers, and banner and /health say so',
  },
  'SERVER-isolation-said': { from: server, says: 'unisolated agents are said in banner and /health' },
  'SERVER-wrong-setting': { from: server, says: 'a wrong setting stops the start with one clear line' },
  'SERVER-store-lock': { from: server, says: 'a second server on a store refuses with one clear line' },
  'SERVER-package-missing': {
    from: server,
    says: 'a store or sandbox that is not installed names the npm line',
  },

  'LIB-event-bus': { from: library, says: 'handlers get committed events by type, or all with "*"' },
  'LIB-event-bus-harmless': {
    from: library,
    says: 'a handler that throws, hangs or is slow affects nothing',
  },
  'LIB-start-calls-nobody': {
    from: library,
    says: 'start calls neither sandbox service nor model; the first session reports a named error',
  },
  'LIB-quick-start': {
    from: library,
    says: 'the quick start works from packed tarballs under strict TypeScript',
  },
  'KIT-mutants-caught': { from: library, says: 'each conformance kit catches its mutants' },
  'KIT-server-conforms': { from: library, says: 'the assembled server passes the transport kit' },
} as const satisfies Requirements;
