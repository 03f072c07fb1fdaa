export {
  type AccessOptions,
  type AccessPolicy,
  type ApiKey,
  bearerToken,
  createAccessPolicy,
  type RequestOrigin,
} from './access/access-policy.ts';
export { equalsInConstantTime } from './access/constant-time.ts';
export {
  type HostPort,
  isAddress,
  isEveryInterface,
  isLoopback,
  parseHost,
} from './access/host.ts';
export { parseJson } from './access/parse-json.ts';
export type { EventBus } from './bus/event-bus.ts';
export { eventJson } from './bus/event-json.ts';
export {
  createEngine,
  type EngineConfig,
} from './create-engine.ts';
export type {
  Caller,
  EngineStatus,
  FileContent,
  Follow,
  FollowItem,
  FollowSessions,
  ReaderCursor,
  SessionEngine,
  SessionListItem,
  Sessions,
} from './engine-interface.ts';
export type {
  AgentDefinition,
  LocatedAgent,
  ModelAccess,
  ModelGateway,
} from './ports/agent.ts';
export type {
  AppendBatch,
  AppendResult,
  CommandRecord,
  CommandState,
  EventLog,
  ReadResult,
  StreamInfo,
} from './ports/event-log.ts';
export type {
  LeaseResult,
  Leases,
} from './ports/leases.ts';
export type {
  LoadedSession,
  PersistenceAdapter,
  SandboxClaim,
  SessionRecord,
  SessionRecordPatch,
  SessionRow,
  WriteContext,
} from './ports/persistence.ts';
export type {
  Clock,
  Logger,
  LogLevel,
  RunnerProgram,
} from './ports/runtime.ts';
export type {
  ExecOptions,
  Isolation,
  Sandbox,
  SandboxCapabilities,
  SandboxCheck,
  SandboxExit,
  SandboxInfo,
  SandboxLayout,
  SandboxMount,
  SandboxProcess,
  SandboxProvider,
  SandboxSpec,
  SandboxStatus,
} from './ports/sandbox.ts';
export {
  DEFAULT_SETTINGS,
  type EngineSettings,
} from './settings.ts';
export { systemClock } from './support/clock.ts';
export { pause, withDeadline } from './support/deadline.ts';
