import type {
  AnswerPermissionRequest,
  AnswerQuestionRequest,
  CreateSessionRequest,
  CreateSessionResponse,
  FileEntry,
  GetSessionResponse,
  InterruptRequest,
  ListSessionsQuery,
  ListSessionsResponse,
  ReadEventsQuery,
  ReadEventsResponse,
  SendMessageRequest,
  SendMessageResponse,
  Session,
  UpdateSessionRequest,
} from '@hhopkins/agent-protocol';
import { createIdentifier } from '../support/identifier.ts';
import type { Http, HttpRequest, RequestOptions } from './http.ts';
import { bytesOf, type FileContent, fileOf, jsonOf, nothing, textOf } from './read-response.ts';

/** Which sessions are listed: at most 200 at a time, 50 by default; `cursor` is the `nextCursor` of the page before. */
export type SessionsQuery = Omit<ListSessionsQuery, 'limit'> & { limit?: number | undefined };

/** Which events are read: at most 1,000 at a time, 500 by default. */
export type EventsQuery = Pick<ReadEventsQuery, 'streamId'> & {
  after?: number | undefined;
  limit?: number | undefined;
};

/** A command is done once for each key: give the same one to try again safely. By default each call has its own. */
export interface CommandOptions extends RequestOptions {
  idempotencyKey?: string | undefined;
}

/**
 * The routes of sessions, one request a call. All reject with an `AgentServerError`; a request without an answer is
 * `connection_lost` or `timeout`, and whether it was done is then unknown.
 */
export interface SessionsApi {
  create(request: CreateSessionRequest, options?: CommandOptions): Promise<CreateSessionResponse>;
  list(query?: SessionsQuery, options?: RequestOptions): Promise<ListSessionsResponse>;
  /** With `at`, as it was at that `seq`. */
  get(sessionId: string, options?: RequestOptions & { at?: number | undefined }): Promise<GetSessionResponse>;
  update(sessionId: string, request: UpdateSessionRequest, options?: CommandOptions): Promise<Session>;
  /** Ends the session. Its record stays readable, unless `purge`. */
  delete(sessionId: string, options?: CommandOptions & { purge?: boolean | undefined }): Promise<void>;

  sendMessage(
    sessionId: string,
    request: SendMessageRequest,
    options?: CommandOptions,
  ): Promise<SendMessageResponse>;
  /** Withdraws a message that still waits. */
  cancelMessage(sessionId: string, messageId: string, options?: CommandOptions): Promise<Session>;
  /** Stops the turn named, or the running one. */
  interrupt(sessionId: string, request?: InterruptRequest, options?: CommandOptions): Promise<Session>;
  answerPermission(
    sessionId: string,
    requestId: string,
    request: AnswerPermissionRequest,
    options?: CommandOptions,
  ): Promise<Session>;
  answerQuestion(
    sessionId: string,
    requestId: string,
    request: AnswerQuestionRequest,
    options?: CommandOptions,
  ): Promise<Session>;
  /** Saves transcript and files now. */
  sync(sessionId: string, options?: CommandOptions): Promise<Session>;
  /** Gets the session a sandbox now. */
  wake(sessionId: string, options?: CommandOptions): Promise<Session>;

  readEvents(sessionId: string, query?: EventsQuery, options?: RequestOptions): Promise<ReadEventsResponse>;
  /** The agent's own transcript as last saved: the main one, or a subagent's. */
  transcript(
    sessionId: string,
    options?: RequestOptions & { subagentId?: string | undefined },
  ): Promise<string>;
  files(sessionId: string, options?: RequestOptions): Promise<FileEntry[]>;
  readFile(sessionId: string, path: string, options?: RequestOptions): Promise<FileContent>;
  writeFile(
    sessionId: string,
    path: string,
    content: Uint8Array | string,
    options?: CommandOptions,
  ): Promise<void>;
  deleteFile(sessionId: string, path: string, options?: CommandOptions): Promise<void>;
  /** The workspace as a tar archive. */
  workspaceArchive(sessionId: string, options?: RequestOptions): Promise<Uint8Array>;
}

const segment = encodeURIComponent;
const routeOf = (sessionId: string, ...rest: string[]) =>
  ['/sessions', sessionId, ...rest].map((each, index) => (index === 0 ? each : segment(each))).join('/');
/** The slashes of a file's path are part of the route. */
const fileRouteOf = (sessionId: string, path: string) =>
  `${routeOf(sessionId, 'files')}/${path.split('/').map(segment).join('/')}`;

export function createSessionsApi(http: Http): SessionsApi {
  const get = <Value>(
    path: string,
    read: (response: Response) => Promise<Value>,
    { signal, deadlineMs }: RequestOptions = {},
    query?: HttpRequest['query'],
  ) => http.ask({ method: 'GET', path, query, signal, deadlineMs }, read);

  const command = <Value>(
    request: HttpRequest,
    read: (response: Response) => Promise<Value>,
    { idempotencyKey = createIdentifier(), signal, deadlineMs }: CommandOptions = {},
  ) => http.ask({ ...request, signal, deadlineMs, headers: { 'idempotency-key': idempotencyKey } }, read);

  const post = <Value>(path: string, json: unknown, options?: CommandOptions) =>
    command({ method: 'POST', path, json }, jsonOf<Value>, options);

  return {
    create: (request, options) => post('/sessions/create', request, options),
    list: (query, options) => get('/sessions', jsonOf<ListSessionsResponse>, options, query),
    get: (sessionId, options) =>
      get(routeOf(sessionId), jsonOf<GetSessionResponse>, options, { at: options?.at }),
    update: (sessionId, json, options) =>
      command({ method: 'PATCH', path: routeOf(sessionId), json }, jsonOf<Session>, options),
    delete: (sessionId, options) => {
      const query = { purge: options?.purge || undefined };
      return command({ method: 'DELETE', path: routeOf(sessionId), query }, nothing, options);
    },
    sendMessage: (sessionId, request, options) => post(routeOf(sessionId, 'message'), request, options),
    cancelMessage: (sessionId, messageId, options) =>
      command(
        { method: 'DELETE', path: routeOf(sessionId, 'messages', messageId) },
        jsonOf<Session>,
        options,
      ),
    interrupt: (sessionId, request, options) => post(routeOf(sessionId, 'interrupt'), request, options),
    answerPermission: (sessionId, requestId, request, options) =>
      post(routeOf(sessionId, 'permissions', requestId), request, options),
    answerQuestion: (sessionId, requestId, request, options) =>
      post(routeOf(sessionId, 'questions', requestId), request, options),
    sync: (sessionId, options) => post(routeOf(sessionId, 'sync'), undefined, options),
    wake: (sessionId, options) => post(routeOf(sessionId, 'wake'), undefined, options),
    readEvents: (sessionId, query, options) =>
      get(routeOf(sessionId, 'events'), jsonOf<ReadEventsResponse>, options, query),
    transcript: (sessionId, options) =>
      get(routeOf(sessionId, 'transcript'), textOf, options, { subagentId: options?.subagentId }),
    files: async (sessionId, options) =>
      (await get(routeOf(sessionId, 'files'), jsonOf<{ files: FileEntry[] }>, options)).files,
    readFile: (sessionId, path, options) => get(fileRouteOf(sessionId, path), fileOf, options),
    writeFile: (sessionId, path, content, options) => {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      return command({ method: 'PUT', path: fileRouteOf(sessionId, path), bytes }, nothing, options);
    },
    deleteFile: (sessionId, path, options) =>
      command({ method: 'DELETE', path: fileRouteOf(sessionId, path) }, nothing, options),
    workspaceArchive: (sessionId, options) => get(routeOf(sessionId, 'workspace.tar'), bytesOf, options),
  };
}
