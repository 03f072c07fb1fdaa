import type { Logger, SessionEngine, Sessions } from '@hhopkins/agent-core';
import type { HttpLimits } from '../edge/limits.ts';

/** What routes are made of. */
export interface RouteParts {
  engine: SessionEngine;
  sessions: Sessions;
  limits: Readonly<HttpLimits>;
  logger: Logger | undefined;
  /** Waits for the engine, within the request's deadline. */
  ask<Value>(answer: Promise<Value>): Promise<Value>;
}
