import { LIMITS } from '@hhopkins/agent-protocol';
import type { DriverEvent, TurnEnd } from '../drivers/driver.ts';
import type { Journal } from '../journal/journal.ts';
import type { Recorder } from './recorder.ts';

/** How a turn ended, for whatever reason. */
export type TurnEnding =
  | Exclude<TurnEnd, { outcome: 'failed' }>
  | { outcome: 'failed'; code: string; message: string; retryable: boolean };

/** The event that ends a turn. */
function endEvent(turnId: string, ending: TurnEnding): DriverEvent {
  const common = { conversationId: 'main', turnId };
  switch (ending.outcome) {
    case 'completed': {
      const { usage, costUSD } = ending;
      return { ...common, type: 'turn:completed', payload: { turnId, usage, costUSD } };
    }
    case 'interrupted':
      return { ...common, type: 'turn:interrupted', payload: { turnId } };
    case 'failed': {
      const { code, message, retryable } = ending;
      return { ...common, type: 'turn:failed', payload: { turnId, code, message, retryable } };
    }
  }
}

/** What of the reserve is kept for the end itself, in bytes. */
const KEPT_FOR_END = 8 * 1024;

/**
 * Closes every block and subagent that is still pending, as errors, and ends the turn. A full journal leaves room for
 * that; content that does not fit is cut with a note.
 */
export function closeTurn(journal: Journal, recorder: Recorder, turnId: string, ending: TurnEnding): void {
  recorder.settle();
  const { blocks, subagents } = journal.state;
  for (const { conversationId, block } of [...blocks.values()]) {
    const room = Math.floor((journal.reserveLeft() - KEPT_FOR_END) / Math.max(1, blocks.size));
    const closed = { ...block, status: 'error' as const };
    recorder.writeFromReserve(
      { type: 'block:upsert', conversationId, turnId, payload: { block: closed } },
      Math.min(LIMITS.eventPayload, Math.max(1024, Math.floor(room * 0.9))),
    );
  }
  for (const { conversationId, subagentId } of [...subagents.values()]) {
    recorder.writeFromReserve({
      type: 'subagent:completed',
      conversationId,
      turnId,
      payload: { subagentId, status: 'error' },
    });
  }
  if (ending.outcome === 'failed' && ending.code === 'journal_full') {
    const { code, message } = ending;
    recorder.writeFromReserve({ type: 'error', conversationId: 'main', turnId, payload: { code, message } });
  }
  recorder.writeFromReserve(endEvent(turnId, ending));
}
