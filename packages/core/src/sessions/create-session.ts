import {
  AgentServerError,
  type CreateSessionRequest,
  type CreateSessionResponse,
  createSessionRequestSchema,
  type InitialFile,
  LIMITS,
  parseOrThrow,
} from '@hhopkins/agent-protocol';
import type { Caller } from '../engine-interface.ts';
import type { EngineParts } from '../engine-parts.ts';
import { bytesOf, toWorkspaceFile } from '../files/workspace-archive.ts';
import type { SessionRecord } from '../ports/persistence.ts';
import { createEventFactory } from '../session/engine-event.ts';
import { loadProfile } from '../session/open-session.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import { sha256 } from '../support/hash.ts';

/** Makes a session: its record, its first files and its first event are stored before it is answered. No sandbox yet. */
export async function createSession(
  parts: EngineParts,
  registry: SessionRegistry,
  caller: Caller,
  given: CreateSessionRequest,
): Promise<CreateSessionResponse> {
  const request = parseOrThrow(createSessionRequestSchema, given, 'body of POST /sessions/create');
  const {
    architecture,
    agentProfileRef,
    name,
    sessionOptions = {},
    metadata = {},
    defaultWorkspaceFiles = [],
  } = request;
  if (!parts.agents.has(architecture)) {
    const known = [...parts.agents.keys()].join(', ');
    throw new AgentServerError(
      'unknown_architecture',
      `architecture: "${architecture}" is not configured here; there is: ${known}`,
    );
  }
  const profile = await loadProfile(parts, agentProfileRef);
  if (profile.architectures && !profile.architectures.includes(architecture)) {
    throw new AgentServerError(
      'invalid_request',
      `agentProfileRef: profile "${profile.id}" is not meant for ${architecture}`,
    );
  }
  const files = firstFiles([...profile.defaultFiles, ...defaultWorkspaceFiles]);

  const sessionId = crypto.randomUUID();
  const now = new Date(parts.clock.now()).toISOString();
  const optional = { ...(agentProfileRef ? { agentProfileRef } : {}), ...(name ? { name } : {}) };
  const record: SessionRecord = {
    sessionId,
    architecture,
    ...optional,
    principal: caller.principal,
    status: 'idle',
    sessionOptions,
    metadata,
    sandbox: null,
    createdAt: now,
    updatedAt: now,
    asOfSeq: 0,
  };
  await parts.persistence.createSessionRecord(record);
  const event = createEventFactory(sessionId, parts.clock.now);
  const events = [
    event('session:created', {
      architecture,
      ...optional,
      principal: caller.principal,
      sessionOptions,
      metadata,
    }),
  ];
  for (const file of files) {
    const bytes = bytesOf(file);
    const { path, mode = 0o644 } = file;
    if (bytes.length > LIMITS.file) {
      throw new AgentServerError(
        'payload_too_large',
        `defaultWorkspaceFiles: ${path} is larger than ${LIMITS.file} bytes`,
      );
    }
    await parts.persistence.saveWorkspaceFile(sessionId, toWorkspaceFile(path, bytes, now, mode));
    events.push(event('file:created', { path, hash: await sha256(bytes), size: bytes.length, mode }));
  }
  const session = await registry.begin(record, events);
  return { sessionId, session: session.stream.committed().session };
}

/** The last of several with the same path wins: what the request says overrides the profile. */
function firstFiles(files: readonly InitialFile[]): InitialFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()];
}
