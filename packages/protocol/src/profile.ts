import { z } from 'zod';
import { initialFileSchema, workspacePathSchema } from './files.ts';
import { idSchema, metadataSchema } from './primitives.ts';

/** A file or folder name: one path segment. */
const nameSchema = z
  .string()
  .min(1)
  .max(100)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'must be letters, digits, ".", "_" or "-", beginning with a letter or digit',
  );

const textFileSchema = z.object({ path: workspacePathSchema, content: z.string() });

export const mcpServerSchema = z.union([
  z.object({
    type: z.literal('stdio').default('stdio'),
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
  }),
  z.object({
    type: z.enum(['http', 'sse']),
    url: z.url(),
    headers: z.record(z.string(), z.string()).default({}),
  }),
]);
export type McpServer = z.infer<typeof mcpServerSchema>;

/** What an agent is set up with. Agents ignore forms they do not have. */
export const agentProfileSchema = z.object({
  id: idSchema,
  name: z.string().optional(),
  description: z.string().optional(),
  /** Architectures the profile is meant for; absent means any. */
  architectures: z.array(z.string()).optional(),
  model: z.string().optional(),
  /** Replaces the agent's own system prompt, or is added to its end. */
  systemPrompt: z.object({ mode: z.enum(['append', 'replace']), text: z.string() }).optional(),
  /** The memory file of the workspace: `CLAUDE.md` for Claude. */
  instructions: z.string().optional(),
  /** A skill is a folder with a `SKILL.md`. */
  skills: z.array(z.object({ name: nameSchema, files: z.array(textFileSchema).min(1) })).default([]),
  /** Subagents: the Markdown of `agents/<name>.md`, front matter included. */
  subagents: z.array(z.object({ name: nameSchema, content: z.string() })).default([]),
  /** Slash commands: the Markdown of `commands/<name>.md`. */
  commands: z.array(z.object({ name: nameSchema, content: z.string() })).default([]),
  mcpServers: z.record(nameSchema, mcpServerSchema).default({}),
  /** Files that a new workspace starts with. */
  defaultFiles: z.array(initialFileSchema).default([]),
  /** `allow` runs every tool (the sandbox is the boundary); `ask` asks the user first. */
  permissionMode: z.enum(['allow', 'ask']).default('allow'),
  allowedTools: z.array(z.string()).default([]),
  deniedTools: z.array(z.string()).default([]),
  metadata: metadataSchema.optional(),
});
export type AgentProfile = z.infer<typeof agentProfileSchema>;
export type AgentProfileInput = z.input<typeof agentProfileSchema>;

/** The profile of sessions that name none. */
export const DEFAULT_PROFILE: AgentProfile = agentProfileSchema.parse({ id: 'default', name: 'Default' });
