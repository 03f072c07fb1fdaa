/** The id of the conversation that is no subagent's. */
export const MAIN_CONVERSATION = 'main';
