import { z } from 'zod';
import { messageContentSchema } from './blocks.ts';
import { idSchema, jsonSchema } from './primitives.ts';
import { permissionDecisionSchema } from './requests.ts';

/**
 * What the engine hands to a runner. Every command has an id; the runner's inbox takes each id once.
 * `turn` is the only one of the turns lane, and the runner has at most one; the others are of the control lane.
 */
export const runnerCommandSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('turn'),
    commandId: idSchema,
    turnId: idSchema,
    messageId: idSchema,
    content: messageContentSchema,
  }),
  /** Another message into the running turn, for agents that can take one. */
  z.object({
    type: z.literal('steer'),
    commandId: idSchema,
    turnId: idSchema,
    messageId: idSchema,
    content: messageContentSchema,
  }),
  /** Void once the turn it names has ended. */
  z.object({ type: z.literal('interrupt'), commandId: idSchema, turnId: idSchema }),
  z.object({
    type: z.literal('permission'),
    commandId: idSchema,
    requestId: idSchema,
    decision: permissionDecisionSchema,
    message: z.string().optional(),
    updatedInput: jsonSchema.optional(),
  }),
  z.object({
    type: z.literal('question'),
    commandId: idSchema,
    requestId: idSchema,
    answers: z.record(z.string(), z.string()),
  }),
]);
export type RunnerCommand = z.infer<typeof runnerCommandSchema>;
export type RunnerCommandType = RunnerCommand['type'];
