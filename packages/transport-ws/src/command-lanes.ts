import { type Caller, type Clock, type Sessions, withDeadline } from '@hhopkins/agent-core';
import { AgentServerError, type ClientFrame } from '@hhopkins/agent-protocol';

export type CommandFrame = Extract<ClientFrame, { id: string }>;

/** Commands of one socket: those of a session one after the other, those of different sessions side by side. */
export interface CommandLanes {
  /** Resolves with what the REST route would answer. Rejects with an AgentServerError. */
  perform(frame: CommandFrame): Promise<Record<string, unknown>>;
}

export interface CommandLanesParts {
  sessions: Sessions;
  principal: string;
  clock: Clock;
  /** Commands that may wait, a count. */
  maximum: number;
  /** How long one may take. */
  deadlineMs: number;
}

export function createCommandLanes(parts: CommandLanesParts): CommandLanes {
  const { sessions, principal, clock, maximum, deadlineMs } = parts;
  const lanes = new Map<string, Promise<unknown>>();
  let outstanding = 0;

  return {
    async perform(frame) {
      if (outstanding >= maximum) {
        throw new AgentServerError(
          'rate_limited',
          `${maximum} commands of this connection are outstanding. Wait for an answer before sending more.`,
        );
      }
      const before = lanes.get(frame.sessionId) ?? Promise.resolve();
      const caller: Caller = { principal, commandId: frame.id };
      const answer = before.then(() =>
        withDeadline(clock, deadlineMs, 'The answer', dispatch(sessions, caller, frame)),
      );
      const settled = answer.catch(() => {});
      lanes.set(frame.sessionId, settled);
      outstanding += 1;
      try {
        return { ...(await answer) };
      } finally {
        outstanding -= 1;
        if (lanes.get(frame.sessionId) === settled) lanes.delete(frame.sessionId);
      }
    },
  };
}

function dispatch(sessions: Sessions, caller: Caller, frame: CommandFrame): Promise<object> {
  switch (frame.type) {
    case 'message': {
      const { type: _, id: __, sessionId, ...request } = frame;
      return sessions.sendMessage(caller, sessionId, request);
    }
    case 'interrupt': {
      const { type: _, id: __, sessionId, ...request } = frame;
      return sessions.interrupt(caller, sessionId, request);
    }
    case 'permission': {
      const { type: _, id: __, sessionId, requestId, ...request } = frame;
      return sessions.answerPermission(caller, sessionId, requestId, request);
    }
    case 'question': {
      const { type: _, id: __, sessionId, requestId, ...request } = frame;
      return sessions.answerQuestion(caller, sessionId, requestId, request);
    }
  }
}
