import {
  AgentServerError,
  initialState,
  LIMITS,
  parseOrThrow,
  readEventsQuerySchema,
  type Snapshot,
} from '@hhopkins/agent-protocol';
import type { Sessions } from '../engine-interface.ts';
import type { EngineParts } from '../engine-parts.ts';
import { sessionNotFound } from '../session/open-session.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import { createFollow, type StreamSource } from '../stream/follow.ts';
import { readState } from '../stream/read-state.ts';
import { checkId } from './check-id.ts';
import { followSessions } from './follow-sessions.ts';
import { listSessions } from './summaries.ts';

/** A page of events ends here, whatever its `limit`: `next` says where the following one begins. */
const PAGE_BYTES = LIMITS.requestBody;

type ReadingMethod = 'list' | 'get' | 'readEvents' | 'follow' | 'followSessions' | 'transcript' | 'files';

/** What can be read of sessions, whoever runs them: from memory when they run here, else from the store. */
export function createSessionReader(
  parts: EngineParts,
  registry: SessionRegistry,
  stopped: AbortSignal,
): Pick<Sessions, ReadingMethod> {
  const { persistence, log, hub, clock } = parts;

  /** Opening a session makes the stream that the store does not keep. Without a record this rejects. */
  const makeStream = (sessionId: string) => registry.use(sessionId, async ({ stream }) => stream.committed());

  const stateOf = async (sessionId: string, at?: number): Promise<Snapshot> => {
    const running = registry.peek(checkId(sessionId));
    if (running && at === undefined) return running.stream.committed();
    if (!(await log.stream(sessionId))) await makeStream(sessionId);
    const state = await readState(log, sessionId, at);
    if (state && (at === undefined || state.seq === at)) return state;
    if (at === undefined) throw sessionNotFound(sessionId);
    const message = state ? `at: ${at} is beyond the head (${state.seq})` : `at: ${at} is no longer kept`;
    throw new AgentServerError('invalid_request', message);
  };

  const source: StreamSource = {
    log,
    hub,
    clock,
    recent(sessionId, streamId, after, limit) {
      const stream = registry.peek(sessionId)?.stream;
      return stream?.streamId === streamId ? stream.recent(after, limit) : null;
    },
    makeStream,
  };
  const live = () => registry.active().map(({ stream }) => stream.committed());

  return {
    list: (query = {}) => listSessions(persistence, query),

    async get(sessionId, at) {
      const { session, conversation, files, streamId, seq } = await stateOf(sessionId, at);
      return { session, conversation, files, pending: session.pending, streamId, seq };
    },

    async readEvents(sessionId, given) {
      const asked = parseOrThrow(readEventsQuerySchema, given, 'query of GET /sessions/:id/events');
      const query = { ...asked, maximumBytes: PAGE_BYTES };
      let page = await log.read(checkId(sessionId), query);
      if (!page) {
        await makeStream(sessionId);
        page = await log.read(sessionId, query);
      }
      if (!page) throw sessionNotFound(sessionId);
      const { streamId, head } = page;
      if (page.kind === 'reset') {
        const reset = page.snapshot ?? { streamId, seq: 0, ...initialState(sessionId) };
        return { events: [], next: reset.seq, head, streamId, reset };
      }
      return { events: page.events, next: page.events.at(-1)?.seq ?? query.after, head, streamId };
    },

    follow: (sessionId, cursor) => createFollow(source, sessionId, cursor, stopped),
    followSessions: () => followSessions({ persistence, hub, live }, stopped),

    async transcript(sessionId, subagentId) {
      const saved = await persistence.loadSession(checkId(sessionId));
      if (!saved) throw sessionNotFound(sessionId);
      const raw = subagentId
        ? saved.subagentTranscripts?.find(({ id }) => id === subagentId)?.transcript
        : saved.rawTranscript;
      if (raw == null)
        throw new AgentServerError('file_not_found', `No transcript of session ${sessionId} is saved yet`);
      return raw;
    },

    files: async (sessionId) => (await stateOf(sessionId)).files,
  };
}
