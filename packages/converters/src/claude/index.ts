export type { ClaudeTurnEnd, Converted, ConverterEvent } from './events.ts';
export { type AgreementException, CLAUDE_EXCEPTIONS, type ClaudeExceptionName } from './exceptions.ts';
export { INTERRUPTED_OUTPUT, SESSION_ENDED_OUTPUT } from './interruptions.ts';
export {
  type ClaudeLiveConverter,
  type ClaudeLiveConverterOptions,
  createClaudeLiveConverter,
} from './live/converter.ts';
export type { BackgroundTask, LiveState as ClaudeLiveState } from './live/state.ts';
export {
  type ClaudeTranscript,
  type ParsedClaudeTranscript,
  parseClaudeTranscript,
} from './transcript/parse.ts';
export { claudeTranscriptPaths, subagentFiles, subagentIdOfFile } from './transcript/paths.ts';
export {
  type ClaudeSubagentTranscript,
  packClaudeSubagent,
  unpackClaudeSubagent,
} from './transcript/read-subagent.ts';
export { repairClaudeTranscript, transcriptHasMessage } from './transcript/repair.ts';
export { type ClaudeContentPart, toClaudeContent } from './user-content.ts';
