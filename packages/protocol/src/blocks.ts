import { z } from 'zod';
import { idSchema, jsonSchema, metadataSchema, timestampSchema } from './primitives.ts';

/** `pending` while it may still change, `complete` or `error` for ever after. */
export const blockStatusSchema = z.enum(['pending', 'complete', 'error']);
export type BlockStatus = z.infer<typeof blockStatusSchema>;

/** One part of a user's message. */
export const contentPartSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({
    type: z.literal('image'),
    source: z.object({
      type: z.enum(['base64', 'url']),
      data: z.string().min(1),
      mediaType: z.string().regex(/^image\/[a-z0-9.+-]+$/),
    }),
  }),
]);
export type ContentPart = z.infer<typeof contentPartSchema>;

/** What a user says: plain text, or text and images. */
export const messageContentSchema = z.union([z.string().min(1), z.array(contentPartSchema).min(1).max(100)]);
export type MessageContent = z.infer<typeof messageContentSchema>;

const common = {
  /** Derived from the agent's own ids, so that live and reloaded conversations agree. */
  id: idSchema,
  timestamp: timestampSchema,
  status: blockStatusSchema,
  turnId: idSchema.optional(),
  metadata: metadataSchema.optional(),
};

export const userMessageBlockSchema = z.object({
  ...common,
  type: z.literal('user_message'),
  content: messageContentSchema,
});
export const assistantTextBlockSchema = z.object({
  ...common,
  type: z.literal('assistant_text'),
  content: z.string(),
  model: z.string().optional(),
});
export const thinkingBlockSchema = z.object({
  ...common,
  type: z.literal('thinking'),
  content: z.string(),
});
export const toolUseBlockSchema = z.object({
  ...common,
  type: z.literal('tool_use'),
  toolName: z.string(),
  /** The agent's own id of the call; the result carries the same. */
  toolUseId: idSchema,
  input: jsonSchema,
});
export const toolResultBlockSchema = z.object({
  ...common,
  type: z.literal('tool_result'),
  toolUseId: idSchema,
  output: jsonSchema,
  isError: z.boolean(),
  durationMs: z.number().nonnegative().optional(),
});
export const systemBlockSchema = z.object({
  ...common,
  type: z.literal('system'),
  /** What it is about, e.g. `model_error`, `compaction`, `interrupted`. */
  subtype: z.string().min(1),
  message: z.string(),
});
export const subagentBlockSchema = z.object({
  ...common,
  type: z.literal('subagent'),
  subagentId: idSchema,
  toolUseId: idSchema.optional(),
  name: z.string(),
  input: jsonSchema,
  output: jsonSchema.optional(),
});

/** A piece of a conversation. */
export const blockSchema = z.discriminatedUnion('type', [
  userMessageBlockSchema,
  assistantTextBlockSchema,
  thinkingBlockSchema,
  toolUseBlockSchema,
  toolResultBlockSchema,
  systemBlockSchema,
  subagentBlockSchema,
]);
export type Block = z.infer<typeof blockSchema>;
export type BlockType = Block['type'];
export type BlockOf<Type extends BlockType> = Extract<Block, { type: Type }>;

/** A subagent's own conversation, beside the `subagent` block that stands in its parent's. */
export const subagentConversationSchema = z.object({
  id: idSchema,
  toolUseId: idSchema.optional(),
  name: z.string(),
  status: blockStatusSchema,
  blocks: z.array(blockSchema),
});
export type SubagentConversation = z.infer<typeof subagentConversationSchema>;

/** Everything said and done in a session, in order. */
export const conversationSchema = z.object({
  blocks: z.array(blockSchema),
  subagents: z.array(subagentConversationSchema),
});
export type Conversation = z.infer<typeof conversationSchema>;
