import type { IncomingHttpHeaders } from 'node:http';
import type { ModelRequest } from '../model-request.ts';
import type { MessageAnswer } from '../scenario/answer.ts';

/** A request body that is not of the API's form. It is answered with status 400. */
export class RequestProblem extends Error {
  override name = 'RequestProblem';
}

/** What a request says beside its body. */
export interface Exchange {
  pathname: string;
  headers: IncomingHttpHeaders;
  bodyBytes: number;
}

/** A piece of a streamed answer; `tokens` is what it costs of the pace. */
export interface Frame {
  data: string;
  tokens: number;
}

/** One model API. All members are pure: bodies in, bodies out; the server does the rest. */
export interface WireApi {
  readonly name: string;
  /** Whether errors on this path are to be told in this API's form. */
  owns(pathname: string): boolean;
  /** What a route stands for; undefined when the API has no such route. */
  operation(method: string, pathname: string): 'generate' | 'count' | undefined;
  /** @throws RequestProblem when the body is not of the API's form. */
  parse(body: unknown, exchange: Exchange): ModelRequest;
  /** The body that tells how many tokens a request has. */
  tokenCount(request: ModelRequest): unknown;
  /** The body of an answer that is not streamed. */
  message(answer: MessageAnswer, request: ModelRequest): unknown;
  /** The server-sent events of an answer; they end early when the answer is to break. */
  frames(answer: MessageAnswer, request: ModelRequest): Iterable<Frame>;
  /** The body of an error. */
  error(status: number, message: string): unknown;
}
