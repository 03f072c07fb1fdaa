import {
  AgentServerError,
  type CreateSessionRequest,
  type CreateSessionResponse,
  createSessionRequestSchema,
  type InitialFile,
  LIMITS,
  parseOrThrow,
  type WorkspaceFile,
} from '@hhopkins/agent-protocol';
import type { Caller } from '../engine-interface.ts';
import type { EngineParts } from '../engine-parts.ts';
import { bytesOf, toWorkspaceFile } from '../files/workspace-archive.ts';
import type { SessionRecord } from '../ports/persistence.ts';
import { createEventFactory } from '../session/engine-event.ts';
import { loadProfile } from '../session/open-session.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import { sha256 } from '../support/hash.ts';
import { storable } from '../support/storable.ts';

/** Makes a session: its record, its first files and its first event are stored before it is answered. No sandbox yet. */
export async function createSession(
  parts: EngineParts,
  registry: SessionRegistry,
  caller: Caller,
  given: CreateSessionRequest,
): Promise<CreateSessionResponse> {
  const request = storable(parseOrThrow(createSessionRequestSchema, given, 'body of POST /sessions/create'));
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
  const workspace = files.map((file) => toFirstFile(file, now));
  await parts.persistence.createSessionRecord(record);
  for (const { file, bytes } of workspace) {
    await parts.persistence.saveWorkspaceFile(sessionId, file);
    const { path, size, mode = DEFAULT_MODE } = file;
    events.push(event('file:created', { path, hash: await sha256(bytes), size, mode }));
  }
  const session = await registry.begin(record, events);
  return { sessionId, session: session.stream.committed().session };
}

const DEFAULT_MODE = 0o644;

function toFirstFile(file: InitialFile, now: string): { file: WorkspaceFile; bytes: Uint8Array } {
  const bytes = bytesOf(file);
  const { path, mode = DEFAULT_MODE } = file;
  if (bytes.length > LIMITS.file) {
    throw new AgentServerError(
      'payload_too_large',
      `defaultWorkspaceFiles: ${path} is larger than ${LIMITS.file} bytes`,
    );
  }
  return { file: toWorkspaceFile(path, bytes, now, mode), bytes };
}

/** The last of several with the same path wins: what the request says overrides the profile. */
function firstFiles(files: readonly InitialFile[]): InitialFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()];
}
