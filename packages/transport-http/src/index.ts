export type { HttpEnvironment } from './edge/environment.ts';
export { DEFAULT_HTTP_LIMITS, type HttpLimits } from './edge/limits.ts';
export { malformedRequestResponse } from './edge/problem.ts';
export { createNodeServer } from './node-server.ts';
export type { HealthInfo } from './routes/operations.ts';
export { createHttpTransport, type HttpTransport, type HttpTransportOptions } from './transport.ts';
