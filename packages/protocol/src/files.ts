import { z } from 'zod';
import { timestampSchema } from './primitives.ts';

/** Why a path is refused, or `undefined` when it is a plain path below the workspace. */
function faultOf(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\\'))
    return 'must be relative to the workspace, with forward slashes';
  if (path.includes('\0')) return 'must not contain NUL';
  const segments = path.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return 'must not contain empty, "." or ".." segments';
  }
  return undefined;
}

/** A path below the workspace: relative, forward slashes, never escaping it. */
export const workspacePathSchema = z
  .string()
  .min(1)
  .max(1024)
  .superRefine((path, context) => {
    const message = faultOf(path);
    if (message) context.addIssue({ code: 'custom', message });
  });

/** A file with its content, as it is kept in the store. */
export const workspaceFileSchema = z.object({
  path: workspacePathSchema,
  content: z.string(),
  encoding: z.enum(['utf8', 'base64']),
  /** Bytes of the decoded content. */
  size: z.number().int().nonnegative(),
  /** POSIX permission bits, e.g. 0o644. */
  mode: z.number().int().min(0).max(0o7777).optional(),
  modifiedAt: timestampSchema,
});
export type WorkspaceFile = z.infer<typeof workspaceFileSchema>;

/** A file without its content, as listings show it. */
export const fileEntrySchema = z.object({
  path: workspacePathSchema,
  /** Lower-case hexadecimal SHA-256 of the content. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.number().int().nonnegative(),
  mode: z.number().int().min(0).max(0o7777),
  modifiedAt: timestampSchema,
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

/** The files of a workspace. */
export const fileListSchema = z.array(fileEntrySchema);

/** A file that a profile or a request puts into a new workspace. */
export const initialFileSchema = z.object({
  path: workspacePathSchema,
  content: z.string(),
  encoding: z.enum(['utf8', 'base64']).default('utf8'),
  mode: z.number().int().min(0).max(0o7777).optional(),
});
export type InitialFile = z.infer<typeof initialFileSchema>;
