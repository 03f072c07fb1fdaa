/**
 * Block ids derive from Claude's own, so that live and reloaded conversations agree.
 * A user's message has its message id, which is the uuid of its transcript line. A tool call has the id of the call.
 * Everything that Claude Code itself puts in (interruptions, errors, output of commands) has the uuid of its line.
 */

/** Of a text or thinking block: `ordinal` counts the shown ones of its message, from 0. */
export const contentBlockId = (messageId: string, ordinal: number): string => `${messageId}:${ordinal}`;

export const toolResultBlockId = (toolUseId: string): string => `${toolUseId}:result`;

export const subagentBlockId = (toolUseId: string): string => `${toolUseId}:subagent`;

/** Background subagents do not say the uuid of their prompt's line, hence an id of our own. */
export const subagentPromptBlockId = (subagentId: string): string => `${subagentId}:prompt`;

/** Of the mark that `/clear`, a message of the user's, leaves. */
export const clearedBlockId = (messageId: string): string => `${messageId}:cleared`;
