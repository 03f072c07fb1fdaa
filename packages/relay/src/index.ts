export {
  type Deadlines,
  fingerprintOf,
  type RelaySettings,
  type Revocation,
  type Upstream,
  upstreamSchema,
} from './configuration.ts';
export { type ConnectControlOptions, connectControl, type RelayControl } from './control/connect-control.ts';
export type { RelayHello, RelayStatus } from './control/messages.ts';
export type { RelayLog } from './log.ts';
export { RELAY_SOCKET, type RelayPlaces, relayPlaces, socketsFit } from './places.ts';
export { RELAY_NAME, RELAY_PROGRAM, RELAY_VERSION } from './program.ts';
export { createRelay, type Relay, type RelayOptions } from './relay.ts';
export {
  DEFAULT_SESSION_LIMITS,
  type Provider,
  readToken,
  type SessionLimits,
  signToken,
  type TokenClaims,
} from './token.ts';
