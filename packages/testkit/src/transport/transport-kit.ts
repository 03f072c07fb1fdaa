import { type Case, type CaseSkips, describeCases } from '../kit.ts';
import { accessCases } from './cases/access-cases.ts';
import { bothCases } from './cases/both-cases.ts';
import { cursorCases } from './cases/cursor-cases.ts';
import { fileCases } from './cases/file-cases.ts';
import { flowCases } from './cases/flow-cases.ts';
import { httpFuzzCase, socketFuzzCase } from './cases/fuzz-cases.ts';
import { refusalCases } from './cases/refusal-cases.ts';
import { restCases } from './cases/rest-cases.ts';
import { socketAccessCases } from './cases/socket-access-cases.ts';
import { socketCases } from './cases/socket-cases.ts';
import { sseCases } from './cases/sse-cases.ts';
import { restReader } from './clients/rest-reader.ts';
import { socketReader } from './clients/socket-reader.ts';
import { sseReader } from './clients/sse-reader.ts';
import { type TransportContext, type TransportSubject, transportSetup } from './context.ts';

/** What a server may speak; the cases of both together need both. */
export type Speech = 'http' | 'websocket';

const HTTP_CASES: readonly Case<TransportContext>[] = [
  ...cursorCases(restReader),
  ...cursorCases(sseReader),
  ...sseCases,
  ...restCases,
  ...refusalCases,
  ...accessCases,
  ...fileCases,
  httpFuzzCase,
];

const WEB_SOCKET_CASES: readonly Case<TransportContext>[] = [
  ...cursorCases(socketReader),
  ...socketCases,
  ...socketAccessCases,
  ...flowCases,
  socketFuzzCase,
];

/** The cases for a server that speaks this. */
export function transportCases(speaks: readonly Speech[]): Case<TransportContext>[] {
  const http = speaks.includes('http');
  const webSocket = speaks.includes('websocket');
  return [
    ...(http ? HTTP_CASES : []),
    ...(webSocket ? WEB_SOCKET_CASES : []),
    ...(http && webSocket ? bothCases : []),
  ];
}

export interface TransportKitOptions extends TransportSubject {
  name: string;
  speaks: readonly Speech[];
  skip?: CaseSkips;
}

/**
 * Declares the conformance suite of a transport, or of a whole server that lets its engine be given.
 *
 * @example
 * describeTransport({ name: 'my server', speaks: ['http'], start: async (engine, settings) => serve(engine, settings) });
 */
export function describeTransport({ name, speaks, start, skip }: TransportKitOptions): void {
  describeCases(name, transportCases(speaks), transportSetup({ start }), skip);
}
