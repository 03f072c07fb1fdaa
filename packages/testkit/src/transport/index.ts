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
export {
  createScriptedEngine,
  type ScriptedEngine,
  type ScriptedEngineOptions,
} from './engine/scripted-engine.ts';
export type { RecordedCall } from './engine/scripted-state.ts';
export type { EventDraft, ScriptedStream } from './engine/scripted-stream.ts';
export { type TransportMutant, transportMutants } from './mutants.ts';
export {
  describeTransport,
  type Speech,
  type TransportKitOptions,
  transportCases,
} from './transport-kit.ts';
