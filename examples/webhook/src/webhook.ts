import type { AgentRuntime } from '@hhopkins/agent-server';

export interface WebhookOptions {
  url: string;
  /** Milliseconds before the second attempt, and twice as many before each further one. Default 400. */
  pauseMs?: number;
  /** Told when a delivery was given up. */
  onFailure?: (error: unknown) => void;
}

const ATTEMPTS = 5;
const DEADLINE_MS = 10_000;

/**
 * Posts every turn's end to a URL. Events are committed before a handler sees them, and a slow or failing receiver holds up
 * nobody: the handler runs beside the stream.
 *
 * @returns stops it
 */
export function webhook(
  runtime: AgentRuntime,
  { url, pauseMs = 400, onFailure = console.error }: WebhookOptions,
): () => void {
  const post = async (body: object): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(DEADLINE_MS),
        });
        if (answer.ok) return;
        throw new Error(`${url} answered ${answer.status}`);
      } catch (error) {
        if (attempt >= ATTEMPTS) return onFailure(error);
        await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** (attempt - 1)));
      }
    }
  };

  const subscriptions = (['turn:completed', 'turn:failed', 'turn:interrupted'] as const).map((type) =>
    // `sessionId` and `seq` let the receiver recognise a delivery that reached it twice.
    runtime.events.on(type, ({ seq, payload, context }) =>
      post({ type, sessionId: context.sessionId, seq, payload }),
    ),
  );
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
}
