import type { claude } from '@hhopkins/agent-converters';
import type { TurnEnd } from '../driver.ts';

export function toTurnEnd(end: claude.ClaudeTurnEnd): TurnEnd {
  const { usage, costUSD } = end;
  switch (end.outcome) {
    case 'completed':
      return { outcome: 'completed', usage, costUSD };
    case 'interrupted':
      return { outcome: 'interrupted' };
    case 'failed':
      return { outcome: 'failed', code: end.code, message: end.message, retryable: end.retryable };
  }
}
