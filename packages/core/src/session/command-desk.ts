import {
  AgentServerError,
  idSchema,
  type PendingEvent,
  parseOrThrow,
  type SessionState,
} from '@hhopkins/agent-protocol';
import type { Caller } from '../engine-interface.ts';
import type { CommandRecord, EventLog } from '../ports/event-log.ts';
import type { Append } from '../stream/session-stream.ts';
import { canonicalJson, sha256 } from '../support/hash.ts';
import { storable } from '../support/storable.ts';

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

type Plan = (state: SessionState) => CommandPlan;

export interface CommandDesk {
  /**
   * Stores the command with its events, and only then answers. The same id with the same body is answered the same again.
   * `plan` is called synchronously with the latest state, and may throw to refuse.
   */
  submit(caller: Caller, kind: string, body: unknown, plan: Plan): Promise<Record<string, unknown>>;
}

export interface CommandDeskOptions {
  sessionId: string;
  log: EventLog;
  append(append: Append): Promise<unknown>;
  latest(): SessionState;
  /** The store has these. May be called again with the same. */
  onStored(records: readonly CommandRecord[]): void;
}

/** The state moves on between plan and commit only when the log knows better than we do: rare, and soon over. */
const ATTEMPTS = 3;

export function createCommandDesk(options: CommandDeskOptions): CommandDesk {
  const { sessionId, log, append, latest, onStored } = options;
  const underWay = new Map<string, { bodyHash: string; outcome: Promise<Record<string, unknown>> }>();

  const checkBody = (known: string, given: string, commandId: string): void => {
    if (known === given) return;
    throw new AgentServerError(
      'idempotency_key_reused',
      `The key "${commandId}" was used for another request of session ${sessionId}; use a new one`,
    );
  };

  const execute = async (
    { principal, commandId: given }: Caller,
    commandId: string,
    bodyHash: string,
    plan: Plan,
  ): Promise<Record<string, unknown>> => {
    for (let attempt = 1; ; attempt += 1) {
      // An id made up just now is known to nobody.
      const known =
        given !== undefined || attempt > 1 ? await log.findCommand(sessionId, principal, commandId) : null;
      if (known) {
        checkBody(known.bodyHash, bodyHash, commandId);
        onStored([known]);
        return known.result as Record<string, unknown>;
      }
      const planned = plan(latest());
      const record: CommandRecord = storable({
        commandId,
        principal,
        lane: planned.lane,
        state: planned.command === undefined ? 'ended' : 'queued',
        bodyHash,
        command: planned.command ?? null,
        result: planned.result,
      });
      const newCommands = [record, ...(planned.further ?? [])];
      try {
        await append({ events: planned.events, newCommands });
        onStored(newCommands);
        return planned.result;
      } catch (error) {
        const { code } = AgentServerError.from(error);
        const raced = code === 'head_mismatch' || code === 'duplicate_command';
        if (!raced || attempt >= ATTEMPTS) throw error;
      }
    }
  };

  return {
    async submit(caller, kind, body, plan) {
      const commandId = parseOrThrow(idSchema, caller.commandId ?? crypto.randomUUID(), 'Idempotency-Key');
      const bodyHash = await sha256(`${kind} ${canonicalJson(body)}`);
      const key = canonicalJson([caller.principal, commandId]);
      const other = underWay.get(key);
      if (other) {
        checkBody(other.bodyHash, bodyHash, commandId);
        return other.outcome;
      }
      const outcome = execute(caller, commandId, bodyHash, plan).finally(() => underWay.delete(key));
      underWay.set(key, { bodyHash, outcome });
      return outcome;
    },
  };
}
