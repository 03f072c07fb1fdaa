export {
  openSocket,
  type SocketClient,
  type SocketOptions,
  UpgradeRefused,
} from './clients/socket-client.ts';
export {
  type RunningServer,
  type ServerSettings,
  type TransportContext,
  type TransportSubject,
  transportSetup,
} from './context.ts';
export { type TransportMutant, transportMutants } from './mutants.ts';
export {
  createScriptedEngine,
  type RecordedCall,
  type ScriptedEngine,
  type ScriptedEngineOptions,
} from './scripted-engine.ts';
export type { EventDraft, ScriptedStream } from './scripted-stream.ts';
export {
  describeTransport,
  type Speech,
  type TransportKitOptions,
  transportCases,
} from './transport-kit.ts';
