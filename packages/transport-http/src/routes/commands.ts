import type { Caller } from '@hhopkins/agent-core';
import type {
  AnswerPermissionRequest,
  AnswerQuestionRequest,
  InterruptRequest,
  SendMessageRequest,
  Session,
} from '@hhopkins/agent-protocol';
import { readJson } from '../edge/body.ts';
import type { Endpoint } from '../edge/endpoint.ts';
import type { HttpContext } from '../edge/environment.ts';
import { callerOf, parameterOf } from '../edge/input.ts';
import type { ComponentName } from '../openapi/components.ts';
import { describe } from '../openapi/describe.ts';
import type { RouteParts } from './parts.ts';

/** What is wished of a running session. */
export function commandEndpoints({ sessions, ask, limits }: RouteParts): Endpoint[] {
  /** A command that is answered with the session. */
  const command = (
    path: string,
    summary: string,
    body: ComponentName | undefined,
    perform: (caller: Caller, sessionId: string, body: unknown, context: HttpContext) => Promise<Session>,
  ): Endpoint =>
    describe(
      {
        method: 'post',
        path,
        tag: 'commands',
        summary,
        ...(body ? { body } : {}),
        command: true,
        answer: 'Session',
      },
      async (context) => {
        const caller = callerOf(context);
        const sessionId = parameterOf(context, 'sessionId');
        const input = await readJson(context, limits.bodyBytes);
        return context.json(await ask(perform(caller, sessionId, input, context)));
      },
    );

  return [
    describe(
      {
        method: 'post',
        path: '/sessions/{sessionId}/message',
        tag: 'commands',
        summary: 'Sends a message; it is stored when this answers',
        body: 'SendMessageRequest',
        command: true,
        status: 202,
        answer: 'SendMessageResponse',
      },
      async (context) => {
        const caller = callerOf(context);
        const sessionId = parameterOf(context, 'sessionId');
        const body = (await readJson(context, limits.bodyBytes)) as SendMessageRequest;
        return context.json(await ask(sessions.sendMessage(caller, sessionId, body)), 202);
      },
    ),
    describe(
      {
        method: 'delete',
        path: '/sessions/{sessionId}/messages/{messageId}',
        tag: 'commands',
        summary: 'Withdraws a message that is still queued',
        command: true,
        answer: 'Session',
      },
      async (context) => {
        const messageId = parameterOf(context, 'messageId');
        const sessionId = parameterOf(context, 'sessionId');
        return context.json(await ask(sessions.cancelMessage(callerOf(context), sessionId, messageId)));
      },
    ),
    command(
      '/sessions/{sessionId}/interrupt',
      'Stops the running turn',
      'InterruptRequest',
      (caller, sessionId, body) => sessions.interrupt(caller, sessionId, (body ?? {}) as InterruptRequest),
    ),
    command('/sessions/{sessionId}/sync', 'Saves transcript and files now', undefined, (caller, sessionId) =>
      sessions.sync(caller, sessionId),
    ),
    command('/sessions/{sessionId}/wake', 'Gets the session a sandbox now', undefined, (caller, sessionId) =>
      sessions.wake(caller, sessionId),
    ),
    command(
      '/sessions/{sessionId}/permissions/{requestId}',
      'Answers a request for permission',
      'AnswerPermissionRequest',
      (caller, sessionId, body, context) =>
        sessions.answerPermission(
          caller,
          sessionId,
          parameterOf(context, 'requestId'),
          body as AnswerPermissionRequest,
        ),
    ),
    command(
      '/sessions/{sessionId}/questions/{requestId}',
      'Answers a question',
      'AnswerQuestionRequest',
      (caller, sessionId, body, context) =>
        sessions.answerQuestion(
          caller,
          sessionId,
          parameterOf(context, 'requestId'),
          body as AnswerQuestionRequest,
        ),
    ),
  ];
}
