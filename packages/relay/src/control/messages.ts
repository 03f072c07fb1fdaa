import { idSchema, problemSchema } from '@hhopkins/agent-protocol';
import { z } from 'zod';
import { relayConfigurationSchema, revocationSchema } from '../configuration.ts';

/** Longest line on a control connection, in bytes. */
export const LONGEST_LINE = 4 * 1024 * 1024;

/** The relay's first line on every control connection. */
export const helloSchema = z.object({
  type: z.literal('hello'),
  name: z.string(),
  version: z.string(),
  pid: z.number().int().positive(),
  /** Of its configuration, as `fingerprintOf` tells it; null while it has none. */
  fingerprint: z.string().nullable(),
});
export type RelayHello = z.infer<typeof helloSchema>;

export const statusSchema = z.object({
  /** Control connections, the asking one included. */
  attendants: z.number().int().positive(),
  /** Requests of sandboxes under way. */
  activeRequests: z.number().int().nonnegative(),
  /** Sessions that the relay knows of. */
  sessions: z.number().int().nonnegative(),
  uptimeMs: z.number().nonnegative(),
  fingerprint: z.string().nullable(),
});
export type RelayStatus = z.infer<typeof statusSchema>;

/** What a server asks, each line answered by one of the same id, in order. */
export const controlRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('configure'), id: idSchema, configuration: relayConfigurationSchema }),
  z.object({ type: z.literal('revoke'), id: idSchema, revocation: revocationSchema }),
  z.object({ type: z.literal('status'), id: idSchema }),
  z.object({ type: z.literal('stop'), id: idSchema }),
]);
export type ControlRequest = z.infer<typeof controlRequestSchema>;

export const controlReplySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('done'), id: idSchema, status: statusSchema.optional() }),
  z.object({ type: z.literal('error'), id: z.string().nullable(), problem: problemSchema }),
]);
export type ControlReply = z.infer<typeof controlReplySchema>;
