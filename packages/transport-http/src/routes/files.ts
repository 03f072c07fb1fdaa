import { parseOrThrow, workspacePathSchema } from '@hhopkins/agent-protocol';
import { z } from 'zod';
import { readBytes } from '../edge/body.ts';
import type { Endpoint } from '../edge/endpoint.ts';
import type { HttpContext } from '../edge/environment.ts';
import { callerOf, parameterOf, queryOf } from '../edge/input.ts';
import { attachment, contentHeaders, matchesTag } from '../files/content-headers.ts';
import { describe, listOf } from '../openapi/describe.ts';
import type { RouteParts } from './parts.ts';

const transcriptQuery = z.object({ subagentId: z.string().min(1).max(200).optional() });
const OCTETS = { mediaType: 'application/octet-stream' };

/** What a session holds in its sandbox or in the store, as it is. All of it is the work of an agent, and not trusted. */
export function fileEndpoints({ sessions, ask, limits }: RouteParts): Endpoint[] {
  const path = '/sessions/{sessionId}/files/{path}';
  const sessionOf = (context: HttpContext) => parameterOf(context, 'sessionId');
  const pathOf = (context: HttpContext) =>
    parseOrThrow(workspacePathSchema, context.req.param('path') ?? '', 'path of the file');

  return [
    describe(
      {
        method: 'get',
        path: '/sessions/{sessionId}/files',
        tag: 'files',
        summary: 'Lists the files of the workspace',
        answer: listOf('files', 'FileEntry'),
      },
      async (context) => context.json({ files: await ask(sessions.files(sessionOf(context))) }),
    ),
    describe(
      { method: 'get', path, tag: 'files', summary: 'The raw content of a file', answer: OCTETS },
      async (context) => {
        const name = pathOf(context);
        const file = await ask(sessions.readFile(sessionOf(context), name));
        const headers = contentHeaders(name, file);
        if (matchesTag(context.req.header('if-none-match'), file.hash)) {
          return new Response(null, { status: 304, headers });
        }
        return new Response(file.content as Uint8Array<ArrayBuffer>, { headers });
      },
    ),
    describe(
      {
        method: 'put',
        path,
        tag: 'files',
        summary: 'Writes a file',
        body: 'raw',
        command: true,
        status: 204,
      },
      async (context) => {
        const name = pathOf(context);
        const content = await readBytes(context, limits.fileBytes);
        await ask(sessions.writeFile(callerOf(context), sessionOf(context), name, content));
        return context.body(null, 204);
      },
    ),
    describe(
      { method: 'delete', path, tag: 'files', summary: 'Deletes a file', command: true, status: 204 },
      async (context) => {
        await ask(sessions.deleteFile(callerOf(context), sessionOf(context), pathOf(context)));
        return context.body(null, 204);
      },
    ),
    describe(
      {
        method: 'get',
        path: '/sessions/{sessionId}/workspace.tar',
        tag: 'files',
        summary: 'The workspace as a tar archive',
        answer: { mediaType: 'application/x-tar' },
      },
      async (context) => {
        const archive = await ask(sessions.workspaceArchive(sessionOf(context)));
        return new Response(archive as Uint8Array<ArrayBuffer>, {
          headers: { 'content-type': 'application/x-tar', ...attachment('workspace.tar') },
        });
      },
    ),
    describe(
      {
        method: 'get',
        path: '/sessions/{sessionId}/transcript',
        tag: 'files',
        summary: "The agent's own transcript as last saved",
        query: transcriptQuery,
        answer: { mediaType: 'text/plain' },
      },
      async (context) => {
        const { subagentId } = queryOf(context, transcriptQuery);
        return new Response(await ask(sessions.transcript(sessionOf(context), subagentId)), {
          headers: { 'content-type': 'text/plain; charset=utf-8', 'content-security-policy': 'sandbox' },
        });
      },
    ),
  ];
}
