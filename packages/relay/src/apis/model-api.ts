import type { IncomingHttpHeaders } from 'node:http';
import type { Provider } from '../token.ts';

/**
 * One provider's API, as the relay has to know it. Another provider is another of these: its name in `providerSchema`, and
 * a place in `MODEL_APIS`.
 */
export interface ModelApi {
  readonly provider: Provider;
  /** Whether a path belongs to this API at all, so that its agents are refused in their own words. */
  owns(pathname: string): boolean;
  /** What sandboxes may ask for, as `METHOD /path`. Everything else is refused. */
  readonly allowed: ReadonlySet<string>;
  /** The token, where this API's agents put their key. */
  token(headers: IncomingHttpHeaders): string | undefined;
  /** Headers that carry a credential: they never leave the relay. */
  readonly credentials: readonly string[];
  /** The headers that carry the real key. */
  authorization(apiKey: string): Record<string, string>;
  /** An error's body as this API's agents understand it. */
  error(status: number, code: string, message: string): unknown;
  /** A count of the tokens written so far, wherever it stands in an answer: the first group is the number. */
  readonly outputTokens: RegExp;
  /** What stands once in an answer for every piece that is streamed. */
  readonly streamedPiece: string;
}
