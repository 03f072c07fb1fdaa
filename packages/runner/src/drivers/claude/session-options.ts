import { parseOrThrow } from '@hhopkins/agent-protocol';
import { z } from 'zod';
import type { DriverContext } from '../driver.ts';

/** What the options of a session may say to Claude; the rest of them is for others. */
const sessionOptionsSchema = z.object({
  model: z.string().min(1).optional(),
  permissionMode: z.enum(['allow', 'ask']).optional(),
  /** How many times the model may be called in one turn. */
  maxTurns: z.number().int().positive().optional(),
  thinking: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('adaptive') }),
      z.object({ type: z.literal('enabled'), budgetTokens: z.number().int().positive().optional() }),
      z.object({ type: z.literal('disabled') }),
    ])
    .optional(),
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional(),
});
export type ClaudeSessionOptions = z.infer<typeof sessionOptionsSchema>;

/** @throws AgentServerError `invalid_request` that names the option with a wrong value; unknown ones are logged */
export function readSessionOptions({
  setup,
  log,
}: Pick<DriverContext, 'setup' | 'log'>): ClaudeSessionOptions {
  const known = sessionOptionsSchema.keyof().options as readonly string[];
  const unknown = Object.keys(setup.sessionOptions).filter((key) => !known.includes(key));
  if (unknown.length > 0) log('info', `Claude knows no session option ${unknown.join(', ')}; ignored`);
  return parseOrThrow(sessionOptionsSchema, setup.sessionOptions, 'sessionOptions');
}
