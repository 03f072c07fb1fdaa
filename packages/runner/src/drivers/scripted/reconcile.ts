import type { AgentTranscript, DriverEvent, LostTurn } from '../driver.ts';
import { parseTranscript, type TranscriptLine } from './transcript.ts';

/** The blocks that the transcript has of the lost turn, whole. */
export function reconcileScripted(transcript: AgentTranscript, lost: LostTurn): DriverEvent[] {
  const upsert = (conversationId: string) => (line: TranscriptLine) =>
    line.type === 'block' && line.block.turnId === lost.turnId
      ? [
          {
            type: 'block:upsert',
            conversationId,
            turnId: lost.turnId,
            payload: { block: line.block },
          } satisfies DriverEvent,
        ]
      : [];
  return [
    ...parseTranscript(transcript.main).flatMap(upsert('main')),
    ...transcript.subagents.flatMap(({ id, raw }) => parseTranscript(raw).flatMap(upsert(id))),
  ];
}

/** The transcript with an error as the result of every tool call that has none. */
export function closeDangling(saved: AgentTranscript): AgentTranscript {
  const blocks = parseTranscript(saved.main).flatMap((line) => (line.type === 'block' ? [line.block] : []));
  const answered = new Set(
    blocks.flatMap((block) => (block.type === 'tool_result' ? [block.toolUseId] : [])),
  );
  const missing = blocks.flatMap((block) =>
    block.type === 'tool_use' && !answered.has(block.toolUseId)
      ? [
          {
            type: 'block',
            block: {
              id: `${block.toolUseId}.result`,
              type: 'tool_result',
              toolUseId: block.toolUseId,
              output: 'The tool was cut off',
              isError: true,
              status: 'error',
              timestamp: block.timestamp,
              ...(block.turnId === undefined ? {} : { turnId: block.turnId }),
            },
          } satisfies TranscriptLine,
        ]
      : [],
  );
  const separator = saved.main === '' || saved.main.endsWith('\n') ? '' : '\n';
  const added = missing.map((line) => `${JSON.stringify(line)}\n`).join('');
  return { ...saved, main: saved.main + separator + added };
}
