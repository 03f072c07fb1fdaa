import { createAgentClient } from '@hhopkins/agent-client/core';
import type { ClientNote, ClientOrder, ClientSetting, ClientView } from './notes.ts';

/** Sooner than by default, so that a run need not wait: a dead connection passes for a living one for 3.5 seconds at most. */
const CONNECTION = { quietMs: 2000, pongMs: 1500, openMs: 4000 };

/** A client as it is published, that tells everything it is shown. */
export interface RecordingClient {
  take(order: ClientOrder): void;
  close(): void;
}

export function openRecordingClient(
  { url, sessionId, transport }: ClientSetting,
  tell: (note: ClientNote) => void,
): RecordingClient {
  const client = createAgentClient({
    url,
    connection: CONNECTION,
    onError: (error) => tell({ note: 'complaint', what: String(error) }),
    ...(transport === 'sse' ? { WebSocket: false } : {}),
  });
  const session = client.session(sessionId);
  session.observe({
    snapshot: (snapshot) => tell({ note: 'snapshot', snapshot }),
    event: (event) => tell({ note: 'event', event }),
  });

  const send = async (key: string, content: string) => {
    try {
      // How long it may take is for the harness to say.
      const answer = await session.send(content, { id: key, deadlineMs: Infinity });
      tell({ note: 'answer', key, answer });
    } catch (error) {
      tell({ note: 'refusal', key, why: String(error) });
    }
  };
  const view = (): ClientView => {
    const { status, cursor, session: shown, conversation, files, optimistic } = session.getSnapshot();
    return {
      status,
      cursor: cursor ?? null,
      state: { session: shown ?? null, conversation, files: [...files] },
      optimistic: optimistic.map(({ id }) => id),
    };
  };
  return {
    take(order) {
      if (order.order === 'send') void send(order.key, order.content);
      else tell({ note: 'view', asked: order.asked, view: view() });
    },
    close: () => client.close(),
  };
}
