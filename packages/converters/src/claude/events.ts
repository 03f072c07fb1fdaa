import type { RunnerEvent, RunnerEventType, Usage } from '@hhopkins/agent-protocol';

/** An event as a converter says it; who writes it to the journal adds the time. */
export type ConverterEvent<Type extends RunnerEventType = RunnerEventType> = {
  [Each in Type]: Omit<RunnerEvent<Each>, 'timestamp'>;
}[Type];

/** How a turn ended, with what it used. */
export type ClaudeTurnEnd =
  | { outcome: 'completed'; usage: Usage; costUSD: number }
  | { outcome: 'interrupted'; usage: Usage; costUSD: number }
  | {
      outcome: 'failed';
      code: 'agent_lost' | 'agent_error' | 'model_error';
      message: string;
      retryable: boolean;
      /** The agent ended before it took the message up: another one may be given it. */
      unheard?: boolean;
      usage: Usage;
      costUSD: number;
    };

export interface Converted {
  events: ConverterEvent[];
  /** Present once, when the running turn is over: the agent rests, its background agents too. */
  turnEnd?: ClaudeTurnEnd;
}
