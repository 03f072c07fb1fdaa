import type { ClientFrame, Problem } from '@hhopkins/agent-protocol';
import { AgentServerError, LIMITS } from '@hhopkins/agent-protocol/light';
import { type BackOff, backOffMs } from '../support/back-off.ts';
import type { Clock } from '../support/clock.ts';
import { closedError } from '../support/closed-error.ts';

export type CommandFrame = Extract<ClientFrame, { id: string }>;

/** Milliseconds and counts. */
export interface OutboxLimits {
  /** Commands that may be under way. */
  commands: number;
  /** Characters that they may have together. */
  characters: number;
  /** How long a command is sent again and again before it is given up. */
  deadlineMs: number;
  retry: BackOff;
}

export const DEFAULT_OUTBOX_LIMITS: OutboxLimits = {
  commands: 100,
  characters: 32 * 1024 * 1024,
  deadlineMs: 120_000,
  retry: { first: 250, maximum: 5_000 },
};

/** Commands from the moment they are given until the server has answered them. */
export interface Outbox {
  /**
   * Resolves with the server's answer. The command is sent again, under its id, on every new link and after every passing
   * fault, so that it is done once however often it is sent.
   *
   * @throws AgentServerError what the server refused it with; `timeout` when nobody answered within the deadline, and then
   * it is unknown whether it was done
   */
  submit(frame: CommandFrame, deadlineMs?: number): Promise<Record<string, unknown>>;
  up(): void;
  down(): void;
  acknowledged(id: string, result: Record<string, unknown>): void;
  refused(id: string, problem: Problem): void;
  /** Ends everything with `error`. */
  fail(error: AgentServerError): void;
  close(): void;
}

export interface OutboxParts {
  isUp(): boolean;
  send(frame: ClientFrame): void;
  /** Why nothing can be sent until somebody does something about it. */
  refusal(): AgentServerError | undefined;
  /** Returns what says that the connection is wanted no more. */
  want(): () => void;
  clock: Clock;
  random(): number;
  limits: Readonly<OutboxLimits>;
}

/** Faults that pass: the command was not refused, the server just could not take it or say so. */
const PASSING: ReadonlySet<string> = new Set([
  'rate_limited',
  'shutting_down',
  'not_owner',
  'stale_epoch',
  'head_mismatch',
  'store_unavailable',
  'timeout',
  'connection_lost',
]);

interface Entry {
  frame: CommandFrame;
  /** It is on the present link, and not answered. */
  sent: boolean;
  failures: number;
  cancelRetry(): void;
  settle(): void;
  resolve(result: Record<string, unknown>): void;
  reject(error: AgentServerError): void;
}

export function createOutbox(parts: OutboxParts): Outbox {
  const { clock, random, limits } = parts;
  const entries = new Map<string, Entry>();
  let characters = 0;
  let release: (() => void) | undefined;
  let closed: AgentServerError | undefined;

  /**
   * Messages of a session go one at a time, or a fault that passes could change their order. What steers the session
   * (interrupts, answers) never waits for them.
   */
  function pump(): void {
    if (!parts.isUp()) return;
    const busy = new Set<string>();
    for (const entry of [...entries.values()]) {
      const { type, sessionId } = entry.frame;
      if (type === 'message') {
        if (busy.has(sessionId)) continue;
        busy.add(sessionId);
      }
      if (entry.sent) continue;
      entry.sent = true;
      entry.cancelRetry();
      parts.send(entry.frame);
    }
  }

  function retryLater(entry: Entry): void {
    entry.failures += 1;
    // `sent` stays true meanwhile: neither it nor what stands behind it is sent before its time.
    entry.cancelRetry = clock.schedule(backOffMs(limits.retry, entry.failures, random()), () => {
      entry.sent = false;
      pump();
    });
  }

  function admit(frame: CommandFrame): number {
    const refusal = closed ?? parts.refusal();
    if (refusal) throw refusal;
    const text = JSON.stringify(frame);
    if (entries.has(frame.id)) {
      throw new AgentServerError('duplicate_command', `Command ${frame.id} is under way already.`);
    }
    if (isLonger(text, LIMITS.requestBody)) {
      throw new AgentServerError(
        'payload_too_large',
        `The command is longer than ${LIMITS.requestBody} bytes. Put large content into files.`,
      );
    }
    if (entries.size >= limits.commands || characters + text.length > limits.characters) {
      throw new AgentServerError(
        'capacity',
        `${entries.size} commands wait for their answers already. Wait for one before sending more.`,
      );
    }
    return text.length;
  }

  function answered(id: string): Entry | undefined {
    const entry = entries.get(id);
    entry?.settle();
    return entry;
  }

  function fail(error: AgentServerError): void {
    for (const entry of [...entries.values()]) {
      entry.settle();
      entry.reject(error);
    }
  }

  return {
    async submit(frame, deadlineMs = limits.deadlineMs) {
      const size = admit(frame);
      release ??= parts.want();
      return new Promise((resolve, reject) => {
        const cancelDeadline =
          deadlineMs === Infinity
            ? () => {}
            : clock.schedule(deadlineMs, () => {
                answered(frame.id)?.reject(
                  new AgentServerError(
                    'timeout',
                    `Nobody answered the command within ${deadlineMs} ms; whether it was done is unknown. Sent again under its id, it is done once.`,
                    { details: { commandId: frame.id } },
                  ),
                );
                pump();
              });
        const entry: Entry = {
          frame,
          sent: false,
          failures: 0,
          cancelRetry() {},
          settle() {
            cancelDeadline();
            entry.cancelRetry();
            entries.delete(frame.id);
            characters -= size;
            if (entries.size > 0) return;
            release?.();
            release = undefined;
          },
          resolve,
          reject,
        };
        entries.set(frame.id, entry);
        characters += size;
        pump();
      });
    },
    up() {
      for (const entry of entries.values()) entry.sent = false;
      pump();
    },
    down() {
      for (const entry of entries.values()) entry.cancelRetry();
    },
    acknowledged(id, result) {
      answered(id)?.resolve(result);
      pump();
    },
    refused(id, problem) {
      const entry = entries.get(id);
      if (!entry) return;
      const error = AgentServerError.fromProblem(problem);
      if (PASSING.has(error.code)) retryLater(entry);
      else answered(id)?.reject(error);
      pump();
    },
    fail,
    close() {
      closed = closedError();
      fail(closed);
    },
  };
}

/** Most are far below the limit: only those near it are measured. */
const isLonger = (text: string, bytes: number): boolean =>
  text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
