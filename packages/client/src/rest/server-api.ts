import type { AgentProfile, Architecture, Health } from '@hhopkins/agent-protocol';
import type { Http, RequestOptions } from './http.ts';
import { jsonOf, textOf } from './read-response.ts';

/** The routes about the server itself. */
export interface ServerApi {
  profiles(options?: RequestOptions): Promise<AgentProfile[]>;
  architectures(options?: RequestOptions): Promise<Architecture[]>;
  health(options?: RequestOptions): Promise<Health>;
  /** Rejects with what is wrong when the server cannot take commands now. */
  ready(options?: RequestOptions): Promise<{ ready: boolean }>;
  /** In the text format of Prometheus. */
  metrics(options?: RequestOptions): Promise<string>;
  openapi(options?: RequestOptions): Promise<Record<string, unknown>>;
  /** The contract as a page of HTML. */
  docs(options?: RequestOptions): Promise<string>;
}

export function createServerApi(http: Http): ServerApi {
  const get =
    <Value>(path: string, read: (response: Response) => Promise<Value>) =>
    ({ signal, deadlineMs }: RequestOptions = {}): Promise<Value> =>
      http.ask({ method: 'GET', path, signal, deadlineMs }, read);

  return {
    profiles: get('/agent-profiles', async (response) => {
      return (await jsonOf<{ profiles: AgentProfile[] }>(response)).profiles;
    }),
    architectures: get('/architectures', async (response) => {
      return (await jsonOf<{ architectures: Architecture[] }>(response)).architectures;
    }),
    health: get('/health', jsonOf<Health>),
    ready: get('/ready', jsonOf<{ ready: boolean }>),
    metrics: get('/metrics', textOf),
    openapi: get('/openapi.json', jsonOf<Record<string, unknown>>),
    docs: get('/docs', textOf),
  };
}
