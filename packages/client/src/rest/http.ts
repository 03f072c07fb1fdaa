import { AgentServerError } from '@hhopkins/agent-protocol/light';
import type { Clock } from '../support/clock.ts';
import { closedError } from '../support/closed-error.ts';
import type { Keyring } from './keyring.ts';
import { errorOfResponse } from './response-error.ts';

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** What every request may be given. */
export interface RequestOptions {
  /** Gives the request up; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** How long the whole answer may take, milliseconds. */
  deadlineMs?: number | undefined;
}

export interface HttpRequest extends RequestOptions {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with a slash, already encoded. */
  path: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  json?: unknown;
  bytes?: Uint8Array | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
}

/** An answer whose body is still to be read; `end` must be called in any case. */
export interface OpenResponse {
  response: Response;
  end(): void;
}

export interface Http {
  /**
   * Asks and reads the answer within the deadline.
   * @throws AgentServerError `connection_lost`, `timeout`, or what the server answered
   */
  ask<Value>(request: HttpRequest, read: (response: Response) => Promise<Value>): Promise<Value>;
  /** The same for a body without an end: the deadline is for its beginning. */
  open(request: HttpRequest): Promise<OpenResponse>;
  /** Gives up everything under way, and refuses what comes after. */
  close(): void;
}

export interface HttpOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  fetch: Fetch;
  keyring: Keyring;
  clock: Clock;
  deadlineMs: number;
}

/** A request that is under way. */
interface Exchange {
  response: Response;
  cancelDeadline(): void;
  /** Lets go of all that could end it early. */
  end(): void;
  giveUp(reason: unknown): void;
}

export function createHttp({ baseUrl, fetch, keyring, clock, deadlineMs }: HttpOptions): Http {
  const underWay = new Set<(reason: unknown) => void>();
  let closed = false;

  /** One request; everything that may end it early comes together in one signal. */
  async function attempt<Value>(
    request: HttpRequest,
    key: string | undefined,
    use: (exchange: Exchange) => Promise<Value>,
  ): Promise<Value> {
    if (closed) throw closedError();
    const { method, path, signal, deadlineMs: within = deadlineMs } = request;
    signal?.throwIfAborted();
    const controller = new AbortController();
    const giveUp = (reason: unknown) => controller.abort(reason);
    const followCaller = () => giveUp(signal?.reason);
    const cancelDeadline = clock.schedule(within, () =>
      giveUp(new AgentServerError('timeout', `${method} ${path} had no answer within ${within} ms.`)),
    );
    const end = () => {
      cancelDeadline();
      underWay.delete(giveUp);
      signal?.removeEventListener('abort', followCaller);
    };
    underWay.add(giveUp);
    signal?.addEventListener('abort', followCaller);
    try {
      const response = await fetch(baseUrl + pathOf(request), initOf(request, key, controller.signal));
      if (!response.ok) throw await errorOfResponse(response);
      return await use({ response, cancelDeadline, end, giveUp });
    } catch (error) {
      end();
      if (controller.signal.aborted) throw controller.signal.reason;
      if (AgentServerError.isInstance(error)) throw error;
      throw new AgentServerError('connection_lost', `${method} ${path} got no answer.`, { cause: error });
    }
  }

  /** A key that is not taken is renewed once. */
  async function withKey<Value>(send: (key: string | undefined) => Promise<Value>): Promise<Value> {
    const key = await keyring.current();
    try {
      return await send(key);
    } catch (error) {
      const isRefused = AgentServerError.isInstance(error) && error.code === 'unauthorized';
      if (!isRefused || !keyring.canRenew) throw error;
      return send(await keyring.renew(key));
    }
  }

  return {
    ask: (request, read) =>
      withKey((key) =>
        attempt(request, key, async ({ response, end }) => {
          const value = await read(response);
          end();
          return value;
        }),
      ),
    open: (request) =>
      withKey((key) =>
        attempt(request, key, async ({ response, cancelDeadline, end, giveUp }) => {
          cancelDeadline();
          return {
            response,
            end() {
              end();
              giveUp(undefined);
            },
          };
        }),
      ),
    close() {
      closed = true;
      for (const giveUp of [...underWay]) giveUp(closedError());
    },
  };
}

function pathOf({ path, query }: HttpRequest): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}

function initOf({ method, json, bytes, headers }: HttpRequest, key: string | undefined, signal: AbortSignal) {
  const init: RequestInit = {
    method,
    signal,
    cache: 'no-store',
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
      ...headers,
    },
  };
  if (json !== undefined) init.body = JSON.stringify(json);
  if (bytes !== undefined) init.body = bytes as Uint8Array<ArrayBuffer>;
  return init;
}
