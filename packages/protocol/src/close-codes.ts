/** Why a server closes a WebSocket, beside the codes of the standard. */
export const CLOSE_CODES = { restart: 1012, unauthorized: 4401, tooSlow: 4408 } as const;
