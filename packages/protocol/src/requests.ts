import { z } from 'zod';
import { conversationIdSchema, idSchema, jsonSchema } from './primitives.ts';

/** The agent asks whether it may use a tool. */
export const permissionRequestSchema = z.object({
  requestId: idSchema,
  conversationId: conversationIdSchema,
  toolUseId: idSchema.optional(),
  toolName: z.string(),
  input: jsonSchema,
  /** The agent's own proposals for a lasting rule, in its own form. */
  suggestions: z.array(jsonSchema).optional(),
});
export type PermissionRequest = z.infer<typeof permissionRequestSchema>;

/** The agent asks the user something. */
export const questionRequestSchema = z.object({
  requestId: idSchema,
  conversationId: conversationIdSchema,
  toolUseId: idSchema.optional(),
  questions: z
    .array(
      z.object({
        question: z.string(),
        header: z.string().optional(),
        multiSelect: z.boolean().optional(),
        options: z.array(z.object({ label: z.string(), description: z.string().optional() })),
      }),
    )
    .min(1),
});
export type QuestionRequest = z.infer<typeof questionRequestSchema>;

export const permissionDecisionSchema = z.enum(['allow', 'deny', 'allow_always']);
export type PermissionDecision = z.infer<typeof permissionDecisionSchema>;
