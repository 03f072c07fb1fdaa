import {
  type Block,
  type EventPayload,
  MAIN_CONVERSATION,
  type RunnerEventType,
} from '@hhopkins/agent-protocol';
import type { ConverterEvent } from '../events.ts';
import { type JsonRecord, textAt } from '../json.ts';
import type { LiveState } from './state.ts';

/** One call of the converter: what it remembers, and what it says. */
export interface Scope {
  readonly state: LiveState;
  readonly events: ConverterEvent[];
  /** When the message was written, or now. */
  readonly timestamp: string;
}

export function say<Type extends RunnerEventType>(
  scope: Scope,
  type: Type,
  payload: EventPayload<Type>,
  conversationId: string = MAIN_CONVERSATION,
): void {
  const turnId = scope.state.turn?.turnId;
  scope.events.push({ type, payload, conversationId, ...(turnId && { turnId }) } as ConverterEvent);
}

export function sayBlock(scope: Scope, block: Block, conversationId: string = MAIN_CONVERSATION): void {
  const turnId = scope.state.turn?.turnId;
  say(scope, 'block:upsert', { block: turnId ? { ...block, turnId } : block }, conversationId);
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

export function timestampOf(message: JsonRecord, now: () => string): string {
  const timestamp = textAt(message, 'timestamp');
  return timestamp !== undefined && TIMESTAMP.test(timestamp) ? timestamp : now();
}
