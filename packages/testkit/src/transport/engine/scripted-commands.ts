import type { Caller, Sessions } from '@hhopkins/agent-core';
import {
  AgentServerError,
  answerPermissionRequestSchema,
  answerQuestionRequestSchema,
  createSessionRequestSchema,
  interruptRequestSchema,
  parseOrThrow,
  sendMessageRequestSchema,
  updateSessionRequestSchema,
} from '@hhopkins/agent-protocol';
import { type ScriptedState, sessionOf, streamOf } from './scripted-state.ts';

type Commands = Pick<
  Sessions,
  | 'create'
  | 'update'
  | 'delete'
  | 'sendMessage'
  | 'cancelMessage'
  | 'interrupt'
  | 'answerPermission'
  | 'answerQuestion'
  | 'sync'
  | 'wake'
>;

/** A command: recorded, done once for each id, refused when the id comes with another body. */
export type Perform = <Result>(
  method: keyof Sessions,
  caller: Caller,
  sessionId: string | undefined,
  request: unknown,
  perform: () => Result,
) => Promise<Result>;

export function createPerform({ calls, replaced }: ScriptedState): Perform {
  const answered = new Map<string, { body: string; result: unknown }>();
  return async (method, caller, sessionId, request, perform) => {
    await replaced.get(method)?.();
    calls.push({ method, caller, sessionId, request });
    if (caller.commandId === undefined) return perform();
    const key = JSON.stringify([caller.principal, sessionId, caller.commandId]);
    const body = JSON.stringify([method, request]);
    const known = answered.get(key);
    if (known && known.body !== body) {
      throw new AgentServerError('idempotency_key_reused', 'The key was used for another request.');
    }
    const result = known ? (known.result as ReturnType<typeof perform>) : perform();
    answered.set(key, { body, result });
    return result;
  };
}

/** Commands whose only effect is an event. */
export function createCommands(state: ScriptedState, perform: Perform): Commands {
  const { emit } = state;
  const requireAsk = (kind: 'permissions' | 'questions', sessionId: string, requestId: string) => {
    const open: readonly { requestId: string }[] = sessionOf(state, sessionId).pending[kind];
    if (open.some((each) => each.requestId === requestId)) return;
    throw new AgentServerError('request_not_found', `There is no request ${requestId}.`);
  };

  return {
    async create(caller, request) {
      const body = parseOrThrow(createSessionRequestSchema, request, 'body');
      return perform('create', caller, undefined, body, () => {
        const sessionId = `session-${state.nextNumber()}`;
        state.addSession(sessionId);
        return { sessionId, session: sessionOf(state, sessionId) };
      });
    },
    async update(caller, sessionId, request) {
      const body = parseOrThrow(updateSessionRequestSchema, request, 'body');
      return perform('update', caller, sessionId, body, () => {
        emit(sessionId, [{ type: 'session:updated', payload: body }]);
        return sessionOf(state, sessionId);
      });
    },
    async delete(caller, sessionId, how) {
      return perform('delete', caller, sessionId, how, () => {
        const payload = { reason: 'deleted', by: caller.principal };
        emit(sessionId, [{ type: 'session:terminated', payload }]);
        if (how?.purge) state.purge(sessionId);
      });
    },
    async sendMessage(caller, sessionId, request) {
      const { content, delivery } = parseOrThrow(sendMessageRequestSchema, request, 'body');
      streamOf(state, sessionId);
      return perform('sendMessage', caller, sessionId, { content, delivery }, () => {
        const number = state.nextNumber();
        const ids = { messageId: `message-${number}`, turnId: `turn-${number}` };
        emit(sessionId, [{ type: 'turn:queued', payload: { ...ids, content, delivery } }]);
        return { sessionId, ...ids, durability: 'memory' as const };
      });
    },
    async cancelMessage(caller, sessionId, messageId) {
      return perform('cancelMessage', caller, sessionId, messageId, () => {
        const turn = sessionOf(state, sessionId).queue.find((each) => each.messageId === messageId);
        if (!turn)
          throw new AgentServerError('message_not_found', `There is no queued message ${messageId}.`);
        emit(sessionId, [{ type: 'turn:cancelled', payload: { turnId: turn.turnId, messageId } }]);
        return sessionOf(state, sessionId);
      });
    },
    async interrupt(caller, sessionId, request) {
      const body = parseOrThrow(interruptRequestSchema, request ?? {}, 'body');
      return perform('interrupt', caller, sessionId, body, () => sessionOf(state, sessionId));
    },
    async answerPermission(caller, sessionId, requestId, request) {
      const body = parseOrThrow(answerPermissionRequestSchema, request, 'body');
      return perform('answerPermission', caller, sessionId, { requestId, ...body }, () => {
        requireAsk('permissions', sessionId, requestId);
        const outcome = body.decision === 'deny' ? ('deny' as const) : ('allow' as const);
        const payload = { requestId, outcome, by: caller.principal };
        emit(sessionId, [{ type: 'permission:resolved', payload }]);
        return sessionOf(state, sessionId);
      });
    },
    async answerQuestion(caller, sessionId, requestId, request) {
      const body = parseOrThrow(answerQuestionRequestSchema, request, 'body');
      return perform('answerQuestion', caller, sessionId, { requestId, ...body }, () => {
        requireAsk('questions', sessionId, requestId);
        const payload = { requestId, outcome: 'answered' as const, by: caller.principal };
        emit(sessionId, [{ type: 'question:resolved', payload }]);
        return sessionOf(state, sessionId);
      });
    },
    sync: (caller, sessionId) =>
      perform('sync', caller, sessionId, undefined, () => sessionOf(state, sessionId)),
    wake: (caller, sessionId) =>
      perform('wake', caller, sessionId, undefined, () => sessionOf(state, sessionId)),
  };
}
