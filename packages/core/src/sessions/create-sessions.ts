import {
  AgentServerError,
  answerPermissionRequestSchema,
  answerQuestionRequestSchema,
  interruptRequestSchema,
  parseOrThrow,
  type SendMessageResponse,
  type Session,
  sendMessageRequestSchema,
  updateSessionRequestSchema,
} from '@hhopkins/agent-protocol';
import type { Sessions } from '../engine-interface.ts';
import type { EngineParts } from '../engine-parts.ts';
import type { ActiveSession } from '../session/active-session.ts';
import {
  planCancel,
  planDelete,
  planInterrupt,
  planMessage,
  planPermission,
  planQuestion,
  refuseTerminated,
} from '../session/client-commands.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import { withDeadline } from '../support/deadline.ts';
import { storable } from '../support/storable.ts';
import { checkId } from './check-id.ts';
import { createSession } from './create-session.ts';
import { createSessionReader } from './read-sessions.ts';
import { createSessionFiles } from './session-files.ts';

const TEARDOWN_MS = 30_000;

/** Everything that can be done with sessions, over the registry of those that run here. */
export function createSessions(
  parts: EngineParts,
  registry: SessionRegistry,
  stopped: AbortSignal,
): Sessions {
  const { persistence, log, hub, settings, clock } = parts;
  const files = createSessionFiles(parts);

  const use = <Result>(
    sessionId: string,
    work: (session: ActiveSession) => Promise<Result>,
  ): Promise<Result> => registry.use(checkId(sessionId), work);
  const transfer = <Result>(
    sessionId: string,
    work: (session: ActiveSession) => Promise<Result>,
  ): Promise<Result> => use(sessionId, (session) => session.whileHeld(() => work(session)));
  const committed = (session: ActiveSession): Session => session.stream.committed().session;

  /** A sandbox will be needed: refuse now rather than let the message wait for a place that may not come. */
  const checkCapacity = (session: ActiveSession): void => {
    if (session.needsSandbox() || registry.sandboxes() < settings.maximumSandboxes) return;
    const message = `This server runs ${settings.maximumSandboxes} sandboxes already, which is its limit; try again later`;
    throw new AgentServerError('capacity', message, {
      details: { position: registry.sandboxes() - settings.maximumSandboxes + 1 },
    });
  };

  const reader = createSessionReader(parts, registry, stopped);

  return {
    ...reader,
    create: (caller, request) => createSession(parts, registry, caller, request),

    async update(caller, sessionId, given) {
      const request = storable(
        parseOrThrow(updateSessionRequestSchema, given, 'body of PATCH /sessions/:id'),
      );
      return use(sessionId, async (session) => {
        const { name, metadata, sessionOptions } = request;
        await session.commands.submit(caller, 'update', request, (state) => {
          refuseTerminated(state.session);
          const { event } = session;
          const changes = { ...(name ? { name } : {}), ...(metadata ? { metadata } : {}) };
          return {
            lane: 'control',
            events: [
              ...(Object.keys(changes).length > 0 ? [event('session:updated', changes)] : []),
              ...(sessionOptions ? [event('options:update', { sessionOptions })] : []),
            ],
            result: {},
          };
        });
        return committed(session);
      });
    },

    async delete(caller, sessionId, { purge = false } = {}) {
      if (purge && !persistence.deleteSession) {
        throw new AgentServerError(
          'capability_missing',
          'This store cannot remove sessions: its adapter has no deleteSession',
        );
      }
      const epoch = await use(sessionId, async (session) => {
        if (session.stream.latest().session.status !== 'terminated') {
          await session.commands.submit(caller, 'delete', {}, (state) =>
            planDelete(state, session.event, caller.principal),
          );
        }
        session.nudge();
        // What takes longer is ended later; after a purge, as an orphan.
        await withDeadline(clock, TEARDOWN_MS, 'The end of the sandbox', session.rested()).catch(() => {});
        return session.epoch;
      });
      if (!purge) return;
      await registry.retire(sessionId, async () => persistence.deleteSession?.(sessionId, { epoch }));
      hub.remove(sessionId);
    },

    async sendMessage(caller, sessionId, given) {
      const request = storable(
        parseOrThrow(sendMessageRequestSchema, given, 'body of POST /sessions/:id/message'),
      );
      return use(sessionId, async (session) => {
        const durability = log.durability;
        const ids = { messageId: crypto.randomUUID(), turnId: crypto.randomUUID() };
        const result = await session.commands.submit(caller, 'message', request, (state) => {
          refuseTerminated(state.session);
          checkCapacity(session);
          return planMessage(state, session.event, ids, request, session.turnAtRunner(), (answered) => ({
            sessionId,
            ...answered,
            durability,
          }));
        });
        // Were this server to die now, the next one finds by the record that something waits.
        if (!session.record.current().sandbox?.sandboxId) await session.record.flush();
        return result as SendMessageResponse;
      });
    },

    cancelMessage: (caller, sessionId, messageId) =>
      use(sessionId, async (session) => {
        await session.commands.submit(caller, 'cancel', { messageId }, (state) =>
          planCancel(state, session.event, messageId, session.turnAtRunner()),
        );
        return committed(session);
      }),

    async interrupt(caller, sessionId, given = {}) {
      const request = parseOrThrow(interruptRequestSchema, given, 'body of POST /sessions/:id/interrupt');
      return use(sessionId, async (session) => {
        await session.commands.submit(caller, 'interrupt', request, (state) =>
          planInterrupt(state, session.event, request, session.turnAtRunner()),
        );
        return committed(session);
      });
    },

    async answerPermission(caller, sessionId, requestId, given) {
      const request = storable(
        parseOrThrow(
          answerPermissionRequestSchema,
          given,
          'body of POST /sessions/:id/permissions/:requestId',
        ),
      );
      return use(sessionId, async (session) => {
        await session.commands.submit(caller, `permission ${requestId}`, request, (state) =>
          planPermission(state, session.event, requestId, request, caller.principal),
        );
        return committed(session);
      });
    },

    async answerQuestion(caller, sessionId, requestId, given) {
      const request = storable(
        parseOrThrow(answerQuestionRequestSchema, given, 'body of POST /sessions/:id/questions/:requestId'),
      );
      return use(sessionId, async (session) => {
        await session.commands.submit(caller, `question ${requestId}`, request, (state) =>
          planQuestion(state, session.event, requestId, request, caller.principal),
        );
        return committed(session);
      });
    },

    sync: (_caller, sessionId) =>
      use(sessionId, async (session) => {
        if (session.link()) await session.sync();
        return committed(session);
      }),

    wake: (_caller, sessionId) =>
      use(sessionId, async (session) => {
        refuseTerminated(session.stream.latest().session);
        checkCapacity(session);
        await session.wake();
        return committed(session);
      }),

    readFile: (sessionId, path) => transfer(sessionId, (session) => files.read(session, path)),
    writeFile: (caller, sessionId, path, content) =>
      transfer(sessionId, (session) => files.write(caller, session, path, content)),
    deleteFile: (caller, sessionId, path) =>
      transfer(sessionId, (session) => files.remove(caller, session, path)),
    workspaceArchive: (sessionId) => transfer(sessionId, (session) => files.archive(session)),
  };
}
