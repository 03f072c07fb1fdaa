import { type JsonRecord, listAt, textAt } from '../json.ts';
import { type Scope, say } from './scope.ts';

/** Notes which blocks the message brought. */
export function noteBrought(scope: Scope, message: JsonRecord): void {
  const { turn, brought } = scope.state;
  const uuid = textAt(message, 'uuid');
  if (!turn || uuid === undefined) return;
  for (const event of scope.events) {
    if (event.type !== 'block:upsert') continue;
    brought[uuid] ??= { conversationId: event.conversationId, blockIds: [] };
    brought[uuid].blockIds.push(event.payload.block.id);
  }
}

/**
 * Takes back the blocks of messages that Claude retracted, e.g. those of a model that refused, when another one answers
 * in its place. Claude strikes them from its transcript, too.
 */
export function retract(
  scope: Scope,
  message: JsonRecord,
  key: 'supersedes' | 'retracted_message_uuids',
): void {
  const { state } = scope;
  for (const uuid of listAt(message, key)) {
    const brought = typeof uuid === 'string' ? state.brought[uuid] : undefined;
    if (!brought) continue;
    delete state.brought[uuid as string];
    const { conversationId, blockIds } = brought;
    state.openTools = state.openTools.filter((each) => !blockIds.includes(each.toolUseId));
    for (const blockId of blockIds)
      say(scope, 'block:discarded', { blockId, reason: 'retracted' }, conversationId);
  }
}
