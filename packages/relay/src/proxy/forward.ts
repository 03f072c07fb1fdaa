import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { ModelApi } from '../apis/model-api.ts';
import type { Deadlines, Upstream } from '../configuration.ts';
import { createDeadline } from './deadline.ts';
import { headersForSandbox, headersForUpstream } from './headers.ts';
import { createMask } from './mask.ts';
import { createOutputMeter } from './output-meter.ts';
import type { Refusal } from './refusal.ts';
import type { UpstreamConnections } from './upstream-connections.ts';

/** A request that was let in, and where it goes. */
export interface Passage {
  request: IncomingMessage;
  response: ServerResponse;
  api: ModelApi;
  upstream: Upstream;
  /** Path with query, below the upstream's base URL. */
  path: string;
  maximumBodyBytes: number;
  deadlines: Deadlines;
  connections: UpstreamConnections;
}

/** How a passage ended. */
export interface Passed {
  /** Of the upstream's answer; absent when there was none. */
  status?: number;
  /** Tokens that the model wrote. */
  outputTokens: number;
  /** What the sandbox has to be told instead of an answer, or of its end. */
  refusal?: Refusal;
}

/** Hands the request on and the answer back, byte by byte as they come. Never rejects. */
export function forward(passage: Passage): Promise<Passed> {
  const { request, response, api, upstream, deadlines } = passage;
  const { host } = new URL(upstream.baseUrl);
  const meter = createOutputMeter(api);
  return new Promise((resolve) => {
    let status: number | undefined;
    const deadline = createDeadline((what, milliseconds) =>
      finish({
        status: 504,
        code: 'upstream_timeout',
        message: `The model at ${host} took over ${milliseconds} ms ${what}. Try again.`,
      }),
    );
    const outgoing = passage.connections.request(upstream.baseUrl, passage.path, {
      method: request.method ?? 'POST',
      headers: {
        ...headersForUpstream(request.headers, api.credentials),
        ...api.authorization(upstream.apiKey),
      },
    });

    function finish(refusal?: Refusal): void {
      deadline.stop();
      request.unpipe(outgoing);
      response.off('close', finishQuietly);
      // A request that has been answered whole keeps its connection for the next one.
      if (refusal || !response.writableEnded) outgoing.destroy();
      resolve({
        ...(status === undefined ? {} : { status }),
        outputTokens: status !== undefined && status < 300 ? meter.tokens() : 0,
        ...(refusal ? { refusal } : {}),
      });
    }
    const finishQuietly = (): void => finish();

    response.once('close', finishQuietly);
    deadline.expect('to accept a connection', deadlines.connectMs);
    onConnected(outgoing, () => {
      if (status === undefined) deadline.expect('to begin its answer', deadlines.headersMs);
    });
    outgoing.once('finish', () => {
      if (status === undefined) deadline.expect('to begin its answer', deadlines.headersMs);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // An upstream may answer and hang up before it has read all: its answer counts.
      if (status === undefined) finish(unreachable(host, error));
    });
    outgoing.once('response', (incoming) => {
      status = incoming.statusCode ?? 502;
      const unusable = unusableAnswer(host, status, incoming);
      if (unusable) {
        finish(unusable);
        return;
      }
      deadline.expect('for the next piece of its answer', deadlines.idleMs);
      response.writeHead(status, headersForSandbox(incoming.headers, upstream.apiKey));
      response.flushHeaders();
      incoming.on('data', (chunk: Buffer) => {
        deadline.expect('for the next piece of its answer', deadlines.idleMs);
        meter.add(chunk);
      });
      incoming.once('error', () => finish(brokenOff(host)));
      pipeline(incoming, createMask(upstream.apiKey), response, () => finish());
    });

    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > passage.maximumBodyBytes) finish(bodyTooLarge(passage.maximumBodyBytes));
    });
    request.pipe(outgoing);
  });
}

export function bodyTooLarge(maximumBytes: number): Refusal {
  return {
    status: 413,
    code: 'body_too_large',
    message: `A model request may have ${maximumBytes} bytes, and this one has more. Compact the conversation or start a new session.`,
  };
}

function onConnected(outgoing: ClientRequest, callback: () => void): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) callback();
    else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', callback);
  });
}

function unusableAnswer(host: string, status: number, incoming: IncomingMessage): Refusal | undefined {
  const encoding = incoming.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    return {
      status: 502,
      code: 'upstream_encoded',
      message: `The model at ${host} answered in the encoding "${encoding.slice(0, 40)}", which the relay did not ask for.`,
    };
  }
  if (status >= 300 && status < 400) {
    return {
      status: 502,
      code: 'upstream_redirected',
      message: `The model at ${host} answered with the redirect ${status}. Set the base URL to where it leads.`,
    };
  }
  return undefined;
}

function unreachable(host: string, error: NodeJS.ErrnoException): Refusal {
  return {
    status: 502,
    code: 'upstream_unreachable',
    message: `The model at ${host} cannot be reached (${error.code ?? 'the connection failed'}). Try again; if it stays so, look at the base URL.`,
  };
}

function brokenOff(host: string): Refusal {
  return {
    status: 502,
    code: 'upstream_broke_off',
    message: `The model at ${host} broke off its answer. Try again.`,
  };
}
