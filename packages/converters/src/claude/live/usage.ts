import type { Usage } from '@hhopkins/agent-protocol';
import { isRecord, type JsonRecord, numberAt, recordAt } from '../json.ts';
import { type Scope, say } from './scope.ts';

const count = (record: JsonRecord, key: string): number =>
  Math.max(0, Math.round(numberAt(record, key) ?? 0));

function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: (a.cacheReadTokens ?? 0) + (b.cacheReadTokens ?? 0),
    cacheWriteTokens: (a.cacheWriteTokens ?? 0) + (b.cacheWriteTokens ?? 0),
  };
}

/**
 * A model call of the main conversation began, or ended. It moves the totals while the turn runs; the next `result`
 * replaces it. The counts of `message_delta` are totals of the call, hence only its output is new.
 */
export function countModelCall(scope: Scope, usage: JsonRecord, moment: 'start' | 'end'): void {
  const { turn } = scope.state;
  if (!turn) return;
  const input = {
    inputTokens: count(usage, 'input_tokens'),
    outputTokens: 0,
    cacheReadTokens: count(usage, 'cache_read_input_tokens'),
    cacheWriteTokens: count(usage, 'cache_creation_input_tokens'),
  };
  const output = { inputTokens: 0, outputTokens: count(usage, 'output_tokens') };
  turn.usageSinceResult = addUsage(turn.usageSinceResult, moment === 'start' ? input : output);
  if (moment === 'end') sayUsage(scope);
}

function sayUsage(scope: Scope): void {
  const { turn } = scope.state;
  if (!turn) return;
  const usage = addUsage(turn.usage, turn.usageSinceResult);
  say(scope, 'metadata:update', { usage, costUSD: turn.costUSD });
}

/** A `result` tells exactly what all models, subagents' too, used since the one before. */
export function settleUsage(scope: Scope, result: JsonRecord): void {
  const { turn } = scope.state;
  if (!turn) return;
  for (const model of Object.values(recordAt(result, 'model_usage_since_last_result')).filter(isRecord)) {
    turn.usage = addUsage(turn.usage, {
      inputTokens: count(model, 'inputTokens'),
      outputTokens: count(model, 'outputTokens'),
      cacheReadTokens: count(model, 'cacheReadInputTokens'),
      cacheWriteTokens: count(model, 'cacheCreationInputTokens'),
    });
    turn.costUSD += Math.max(0, numberAt(model, 'costUSD') ?? 0);
  }
  turn.usageSinceResult = { inputTokens: 0, outputTokens: 0 };
  sayUsage(scope);
}
