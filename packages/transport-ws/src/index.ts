export { DEFAULT_WEB_SOCKET_LIMITS, type WebSocketLimits } from './limits.ts';
export {
  createWebSocketTransport,
  type WebSocketTransport,
  type WebSocketTransportOptions,
} from './transport.ts';
