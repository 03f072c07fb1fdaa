import { z } from 'zod';

/** An identifier of any kind. Bounded, printable, and safe in a URL segment once encoded. */
export const idSchema = z
  .string()
  .min(1)
  .max(200)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  .regex(/^[^\u0000-\u001f\u007f]+$/, 'must not contain control characters');

/** ISO 8601 instant in UTC. */
export const timestampSchema = z.iso.datetime({ offset: true });

/** Any JSON value: inputs and outputs of tools, metadata. */
export const jsonSchema = z.json();
export type Json = z.infer<typeof jsonSchema>;

/** Free-form data that users attach to sessions and agents attach to blocks. */
export const metadataSchema = z.record(z.string().max(200), jsonSchema);
export type Metadata = z.infer<typeof metadataSchema>;

/** Token counts as the agent reports them; all are totals of what they describe, never increments. */
export const usageSchema = z.object({
  inputTokens: z.number().int().nonnegative(),
  outputTokens: z.number().int().nonnegative(),
  cacheReadTokens: z.number().int().nonnegative().optional(),
  cacheWriteTokens: z.number().int().nonnegative().optional(),
});
export type Usage = z.infer<typeof usageSchema>;

/** `main`, or the id of a subagent. */
export const conversationIdSchema = idSchema;

/** A position in a session's stream. A cursor of another stream is answered with a reset. */
export const cursorSchema = z.object({
  streamId: idSchema,
  seq: z.number().int().nonnegative(),
});
export type Cursor = z.infer<typeof cursorSchema>;
