import type { Requirements } from './requirement.ts';

const law = (number: number) => `the laws of the stream, ${number}`;

/** The laws of the stream, split into sentences that can be proved one by one. */
export const LAWS = {
  'LAW-01-seq-no-gaps': { from: law(1), says: 'seq starts at 1 and has no gaps' },
  'LAW-01-seq-for-ever': {
    from: law(1),
    says: 'an event has the same seq wherever and whenever it is read, after a restart too',
  },
  'LAW-01-new-stream-id': { from: law(1), says: 'a log that was lost or purged gets a new streamId' },
  'LAW-01-foreign-cursor-reset': {
    from: law(1),
    says: 'a cursor of another stream, or beyond the head, gets a reset',
  },
  'LAW-02-durable-before-visible': {
    from: law(2),
    says: 'an event is in the event log before any client sees it',
  },
  'LAW-02-group-commit': {
    from: law(2),
    says: 'appends of many sessions share a commit, and each session gets its own result',
  },
  'LAW-02-own-fault-only': {
    from: law(2),
    says: 'what is too large, stale or refused fails its own session only',
  },
  'LAW-03-cursor-exact': {
    from: law(3),
    says: 'a reader with a cursor gets exactly the events after it, once and in order',
  },
  'LAW-03-live-hand-over': {
    from: law(3),
    says: 'nothing is lost or doubled between stored and live events',
  },
  'LAW-03-transports-alike': { from: law(3), says: 'WebSocket, SSE and REST give the same events' },
  'LAW-04-snapshot-is-reduction': {
    from: law(4),
    says: 'a snapshot equals the reduction of all events up to its seq',
  },
  'LAW-04-record-is-projection': {
    from: law(4),
    says: 'the stored record is a projection of the events, with its asOfSeq',
  },
  'LAW-05-compaction-reduces-alike': {
    from: law(5),
    says: 'a compacted log reduces to what the full one does, and nothing is renumbered',
  },
  'LAW-05-floor-reset': { from: law(5), says: 'a read from below the floor gets a reset with a snapshot' },
  'LAW-05-recent-kept': {
    from: law(5),
    says: 'the last events, and what is younger than a day, are never compacted',
  },
  'LAW-06-position-with-events': {
    from: law(6),
    says: "the journal's position commits with the events that it yields",
  },
  'LAW-06-new-journal-id': {
    from: law(6),
    says: 'an unclean start of a runner begins a journal with a new id',
  },
  'LAW-06-fsync-first': { from: law(6), says: 'a frame leaves the runner only after fsync' },
  'LAW-06-beyond-head-error': {
    from: law(6),
    says: 'asking a journal beyond its head is an error, not a wait',
  },
  'LAW-07-stored-before-ack': { from: law(7), says: 'a command is stored before it is acknowledged' },
  'LAW-07-same-key-once': {
    from: law(7),
    says: 'a message sent again with its id runs once and gets the same answer',
  },
  'LAW-07-other-body-refused': { from: law(7), says: 'an id with another body is refused with 422' },
  'LAW-07-turns-in-order': {
    from: law(7),
    says: 'messages run one at a time, as turns of their own, in the order they came',
  },
  'LAW-07-interrupt-names-turn': {
    from: law(7),
    says: 'an interrupt of a turn that has ended does nothing to the next',
  },
  'LAW-07-started-never-again': { from: law(7), says: 'a turn that started is never silently run again' },
  'LAW-08-stale-epoch-refused': {
    from: law(8),
    says: 'the store refuses every write of an owner that was taken over',
  },
  'LAW-08-one-owner': { from: law(8), says: 'one server at a time runs a session' },
  'LAW-08-expected-head': { from: law(8), says: 'an append that expects another head is refused' },
  'LAW-08-runner-highest-epoch': {
    from: law(8),
    says: 'a runner serves the highest epoch it saw, and no other',
  },
  'LAW-09-slow-reader-resumes': {
    from: law(9),
    says: 'a reader that falls 1 MB behind is told to resume from its cursor',
  },
  'LAW-09-others-unharmed': {
    from: law(9),
    says: 'a slow reader slows neither the session nor another reader',
  },
  'LAW-10-mirrored-each-turn': { from: law(10), says: "the agent's transcript is saved when a turn ends" },
  'LAW-10-mirrored-each-interval': {
    from: law(10),
    says: 'a change in a long turn is in the store within one sync interval',
  },
  'LAW-10-native-resume': {
    from: law(10),
    says: 'a new sandbox resumes the conversation natively, and says so',
  },
  'LAW-10-torn-closed': {
    from: law(10),
    says: 'torn lines and dangling tool calls are closed before a transcript is resumed',
  },
  'LAW-10-every-line': {
    from: law(10),
    says: 'a transcript that breaks off at any line, or within one, is repaired to the beginning of its conversation',
  },
  'LAW-10-fidelity-said': {
    from: law(10),
    says: 'whatever is left of a transcript, a resume says whether it is native, replayed or fresh',
  },
  'LAW-11-live-equals-reloaded': {
    from: law(11),
    says: 'blocks reduced from live events equal those parsed from the saved transcript',
  },
  'LAW-11-exceptions-tested': { from: law(11), says: "an agent's exceptions are a table that tests hold" },
  'LAW-12-memory-said': {
    from: law(12),
    says: 'without an event log the banner, /health and the 202 say durability "memory"',
  },
  'LAW-12-nine-methods': { from: law(12), says: 'an adapter with the nine methods alone serves sessions' },
} as const satisfies Requirements;
