export {
  createScriptedEngine,
  type RecordedCall,
  type ScriptedEngine,
  type ScriptedEngineOptions,
} from './scripted-engine.ts';
export type { EventDraft, ScriptedStream } from './scripted-stream.ts';
