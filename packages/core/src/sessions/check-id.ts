import { idSchema } from '@hhopkins/agent-protocol';
import { sessionNotFound } from '../session/open-session.ts';

/** The id as it is; what cannot be one is not found. */
export function checkId(sessionId: string): string {
  if (idSchema.safeParse(sessionId).success) return sessionId;
  throw sessionNotFound(sessionId);
}
