import { AgentServerError, type Cursor, cursorSchema } from '@hhopkins/agent-protocol';

/** A cursor as the `id` of a server-sent event. */
export const formatCursor = ({ streamId, seq }: Cursor): string => `${streamId}:${seq}`;

/** @throws AgentServerError `invalid_request` for what `formatCursor` did not write */
export function parseCursor(text: string): Cursor {
  const at = text.lastIndexOf(':');
  const seq = text.slice(at + 1);
  const cursor = cursorSchema.safeParse({ streamId: text.slice(0, Math.max(at, 0)), seq: Number(seq) });
  if (cursor.success && /^\d{1,15}$/.test(seq)) return cursor.data;
  throw new AgentServerError('invalid_request', 'header Last-Event-ID: must be an id that this server sent');
}
