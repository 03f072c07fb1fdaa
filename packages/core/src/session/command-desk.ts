import { AgentServerError, type PendingEvent, type SessionState } from '@hhopkins/agent-protocol';
import type { Caller } from '../engine-interface.ts';
import type { CommandRecord, EventLog } from '../ports/event-log.ts';
import type { SessionStream } from '../stream/session-stream.ts';
import { canonicalJson, sha256 } from '../support/hash.ts';

/** What a command does, worked out from the state of the moment. */
export interface CommandPlan {
  lane: 'turns' | 'control';
  events: readonly PendingEvent[];
  /** What the runner is handed; absent when there is nothing for it to do. */
  command?: unknown;
  /** Control commands for the runner beside the command's own. */
  further?: readonly CommandRecord[];
  result: Record<string, unknown>;
}

export interface CommandDesk {
  /**
   * Stores the command with its events, and only then answers. The same id with the same body is answered the same again.
   * `plan` is called synchronously with the latest state, and may throw to refuse.
   */
  submit(
    caller: Caller,
    kind: string,
    body: unknown,
    plan: (state: SessionState, commandId: string) => CommandPlan,
  ): Promise<Record<string, unknown>>;
}

export function createCommandDesk(options: {
  sessionId: string;
  log: EventLog;
  stream: SessionStream;
  onStored(record: CommandRecord, further: readonly CommandRecord[]): void;
}): CommandDesk {
  const { sessionId, log, stream, onStored } = options;
  const underWay = new Map<string, { bodyHash: string; outcome: Promise<Record<string, unknown>> }>();

  const sameBody = (known: string, given: string, commandId: string): void => {
    if (known === given) return;
    throw new AgentServerError(
      'idempotency_key_reused',
      `The key "${commandId}" was used for another request of session ${sessionId}; use a new one`,
    );
  };

  const execute = async (
    principal: string,
    commandId: string,
    bodyHash: string,
    plan: (state: SessionState, commandId: string) => CommandPlan,
  ) => {
    for (let attempt = 1; ; attempt += 1) {
      const known = await log.findCommand(sessionId, principal, commandId);
      if (known) {
        sameBody(known.bodyHash, bodyHash, commandId);
        return known.result as Record<string, unknown>;
      }
      const planned = plan(stream.latest(), commandId);
      const record: CommandRecord = {
        commandId,
        principal,
        lane: planned.lane,
        state: planned.command === undefined ? 'ended' : 'queued',
        bodyHash,
        command: planned.command ?? null,
        result: planned.result,
      };
      const further = planned.further ?? [];
      try {
        await stream.append({ events: planned.events, newCommands: [record, ...further] });
        onStored(record, further);
        return planned.result;
      } catch (error) {
        const raced =
          AgentServerError.isInstance(error) &&
          (error.code === 'head_mismatch' || error.code === 'duplicate_command');
        if (!raced || attempt >= 3) throw error;
      }
    }
  };

  return {
    async submit(caller, kind, body, plan) {
      const commandId = caller.commandId ?? crypto.randomUUID();
      const bodyHash = await sha256(`${kind} ${canonicalJson(body)}`);
      const key = canonicalJson([caller.principal, commandId]);
      const other = underWay.get(key);
      if (other) {
        sameBody(other.bodyHash, bodyHash, commandId);
        return other.outcome;
      }
      const outcome = execute(caller.principal, commandId, bodyHash, plan).finally(() =>
        underWay.delete(key),
      );
      underWay.set(key, { bodyHash, outcome });
      return outcome;
    },
  };
}
