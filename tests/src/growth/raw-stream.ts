import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { parseEvent, type SessionEvent } from '@hhopkins/agent-protocol';
import { within } from '../harness/deadline.ts';

/** A stream of server-sent events whose every move a test makes itself. */
export interface RawStream {
  readonly events: readonly SessionEvent[];
  until(what: string, fits: () => boolean): Promise<void>;
  /** Takes nothing more from the network. */
  pause(): void;
  resume(): void;
  drop(): void;
}

/** Opens the stream of a session from its first event on; resolves once it is answered. */
export async function openRawStream(url: string, sessionId: string): Promise<RawStream> {
  const events: SessionEvent[] = [];
  const listeners = new Set<() => void>();
  let request: ClientRequest | undefined;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request = get(`${url}/sessions/${sessionId}/events?after=0`, {
      headers: { accept: 'text/event-stream' },
    });
    request.on('response', resolve).on('error', reject);
  });
  let rest = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\n\n');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const data = /^data: ?(.*)$/m.exec(message)?.[1];
      if (data !== undefined && !/^event:/m.test(message)) events.push(parseEvent(JSON.parse(data)));
    }
    for (const look of listeners) look();
  });
  answer.on('error', () => {});
  request?.on('error', () => {});
  return {
    events,
    until(what, fits) {
      let look = () => {};
      const found = new Promise<void>((resolve) => {
        look = () => {
          if (fits()) resolve();
        };
        listeners.add(look);
        look();
      });
      return within(what, found).finally(() => listeners.delete(look));
    },
    pause: () => answer.pause(),
    resume: () => answer.resume(),
    drop: () => request?.destroy(),
  };
}
