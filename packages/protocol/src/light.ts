/**
 * What a client needs at run time, without the schemas: it pulls in no zod, which is many times the size of the rest.
 * Types of everything are at the root entry, where `import type` costs nothing.
 */
export { CLOSE_CODES } from './close-codes.ts';
export { AgentServerError, ERROR_CODES, type ErrorCode, type Issue, type Problem } from './error.ts';
export { EVENT_TYPES, type EventType, isEventType } from './event-types.ts';
export { LIMITS } from './limits.ts';
export { MAIN_CONVERSATION } from './main-conversation.ts';
export { reduceConversation } from './reduce-conversation.ts';
export { reduceSession } from './reduce-session.ts';
export { initialState, reduce } from './reducer.ts';
