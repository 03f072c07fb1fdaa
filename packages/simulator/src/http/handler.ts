import type { IncomingMessage, ServerResponse } from 'node:http';
import { anthropicMessages } from '../apis/anthropic-messages/index.ts';
import { RequestProblem, type WireApi } from '../apis/wire-api.ts';
import type { ModelRequest } from '../model-request.ts';
import { type AnswerContext, answerRequest, type MessageAnswer } from '../scenario/answer.ts';
import type { FailureMemory } from './failure-memory.ts';
import { readBody } from './read-body.ts';
import { respondJson } from './respond.ts';
import { streamFrames } from './stream-frames.ts';

/** Every API the simulator speaks; the first one also answers on paths that belong to none. */
const APIS: readonly [WireApi, ...WireApi[]] = [anthropicMessages];

/** One line of the simulator's log: what was asked and what became of it. */
export interface LogEntry {
  method: string;
  path: string;
  status: number;
  outcome: 'answered' | 'aborted' | 'broken' | 'refused';
  model?: string;
  scenario?: string;
  step?: number;
  detail?: string;
}

export interface HandlerSettings {
  rate: number;
  maxBodyBytes: number;
  failures: FailureMemory;
  readScript: AnswerContext['readScript'];
}

/** Answers one request to a model API and says what it did. */
export async function handleModelRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
  settings: HandlerSettings,
): Promise<LogEntry> {
  const method = incoming.method ?? 'GET';
  const [pathname = '/'] = (incoming.url ?? '/').split('?');
  const api = APIS.find((candidate) => candidate.owns(pathname)) ?? APIS[0];

  function refuse(status: number, detail: string): LogEntry {
    respondJson(response, status, api.error(status, detail), status === 413 ? { connection: 'close' } : {});
    return { method, path: pathname, status, outcome: 'refused', detail };
  }

  const operation = api.operation(method, pathname);
  if (!operation) return refuse(404, `There is no ${method} ${pathname} here.`);
  const body = await readBody(incoming, settings.maxBodyBytes);
  if (!body) return refuse(413, `The request is over ${settings.maxBodyBytes} bytes.`);
  try {
    const exchange = { pathname, headers: incoming.headers, bodyBytes: body.length };
    const request = api.parse(parseJson(body), exchange);
    if (operation === 'count') {
      respondJson(response, 200, api.tokenCount(request));
      return { method, path: pathname, status: 200, outcome: 'answered', model: request.model };
    }
    const said = await generate(api, request, response, settings);
    return { method, path: pathname, model: request.model, ...said };
  } catch (error) {
    if (error instanceof RequestProblem) return refuse(400, error.message);
    if (response.headersSent) response.destroy();
    return refuse(500, `The simulator failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new RequestProblem('The request body is not JSON.');
  }
}

async function generate(
  api: WireApi,
  request: ModelRequest,
  response: ServerResponse,
  { rate, failures, readScript }: HandlerSettings,
): Promise<Pick<LogEntry, 'status' | 'outcome' | 'scenario' | 'step'>> {
  const failed = Math.max(failures.count(request.fingerprint), request.retryCount);
  const { answer, scenario, step } = await answerRequest(request, { failures: failed, readScript });
  const chosen = { scenario, step };
  if (answer.type === 'error' || answer.breakage) failures.add(request.fingerprint);
  else failures.forget(request.fingerprint);

  if (answer.type === 'error') {
    const { status, message, retryAfterSeconds } = answer;
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    respondJson(response, status, api.error(status, message), headers);
    return { status, outcome: 'answered', ...chosen };
  }
  if (!request.stream) return { ...respondWhole(api, answer, request, response), ...chosen };

  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const outcome = await streamFrames(response, api.frames(answer, request), answer.rate ?? rate);
  if (outcome === 'aborted') return { status: 200, outcome, ...chosen };
  if (answer.breakage?.kind === 'cut') response.socket?.destroySoon();
  else response.end();
  return { status: 200, outcome: answer.breakage ? 'broken' : 'answered', ...chosen };
}

function respondWhole(
  api: WireApi,
  answer: MessageAnswer,
  request: ModelRequest,
  response: ServerResponse,
): Pick<LogEntry, 'status' | 'outcome'> {
  if (answer.breakage?.kind === 'cut') {
    response.destroy();
    return { status: 0, outcome: 'broken' };
  }
  if (answer.breakage) {
    const { status } = answer.breakage;
    respondJson(response, status, api.error(status, `simulated error ${status}`));
    return { status, outcome: 'broken' };
  }
  respondJson(response, 200, api.message(answer, request));
  return { status: 200, outcome: 'answered' };
}
