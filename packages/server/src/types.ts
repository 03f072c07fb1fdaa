import type {
  AgentDefinition,
  ApiKey,
  EngineSettings,
  Logger,
  LogLevel,
  ModelGateway,
  PersistenceAdapter,
  SandboxProvider,
} from '@hhopkins/agent-core';
import type { AgentProfileInput } from '@hhopkins/agent-protocol';

/** Where agents find their model. Keys stay on the host: sandboxes get tokens of the relay. */
export interface ModelsConfig {
  anthropic?:
    | {
        apiKey: string;
        /** Default `https://api.anthropic.com`. */
        baseUrl?: string | undefined;
      }
    | undefined;
  /** Stands in where there is no key: the file of the `agent-simulator` program. For development and tests. */
  simulator?: { program: string } | undefined;
}

/** What a runtime is assembled from. Only `persistence` must be given. */
export interface RuntimeConfig {
  /** Where sessions are kept. */
  persistence: PersistenceAdapter;
  /** Run sandboxes on Modal. Sessions then run there or fail, never elsewhere. */
  modal?: { tokenId: string; tokenSecret: string; appName: string } | undefined;
  /** Milliseconds without use after which a session is saved and its sandbox given back. Default 15 minutes. */
  idleTimeoutMs?: number | undefined;
  /** Milliseconds between saves during a turn. Default 30 seconds. */
  syncIntervalMs?: number | undefined;
  /** The one port of REST and WebSocket; 0 takes any free one. Default 3000. */
  websocketPort?: number | undefined;
  /** Default `info`. */
  logLevel?: LogLevel | 'silent' | undefined;
  /** Any sandbox provider. Default: `modal` when it is given, else bubblewrap on this machine. */
  sandbox?: SandboxProvider | undefined;
  /** Agents that sessions may ask for. Default: Claude. */
  agents?: readonly AgentDefinition[] | undefined;
  models?: ModelsConfig | ModelGateway | undefined;
  auth?:
    | {
        apiKey?: string | readonly ApiKey[] | undefined;
        /** Further host names that requests may be sent to. */
        allowedHosts?: readonly string[] | undefined;
        /** Origins of web pages that may use the server. */
        corsOrigins?: readonly string[] | undefined;
      }
    | undefined;
  /** Address to listen on. Default `127.0.0.1`; another one needs `auth.apiKey`. */
  host?: string | undefined;
  /** Profiles, or a folder of them. */
  profiles?: string | readonly AgentProfileInput[] | undefined;
  /** Where sandboxes and the relay keep their files. Default `.data` in the working directory. */
  dataDirectory?: string | undefined;
  /** Milliseconds after which what no server attends ends by itself. Default 15 minutes. */
  orphanTtlMs?: number | undefined;
  /** Listen on another address than loopback although agents are not isolated from this machine. Default false. */
  allowUnisolated?: boolean | undefined;
  /** Environment of the helper processes on this host, e.g. a proxy or certificates. They get nothing else but PATH. */
  hostEnvironment?: Readonly<Record<string, string>> | undefined;
  logger?: Logger | undefined;
  /** Everything else that can be tuned. */
  settings?: Partial<EngineSettings> | undefined;
}

export type {
  AgentDefinition,
  CommandRecord,
  EventBus,
  EventLog,
  LoadedSession,
  Logger,
  LogLevel,
  ModelGateway,
  PersistenceAdapter,
  Sandbox,
  SandboxProvider,
  SessionRecord,
  SessionRecordPatch,
  SessionRow,
  Sessions,
  WriteContext,
} from '@hhopkins/agent-core';
export type {
  AgentProfile,
  AgentProfileInput,
  Block,
  Conversation,
  EventType,
  Session,
  SessionEvent,
  WorkspaceFile,
} from '@hhopkins/agent-protocol';
