import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSimulator } from '@hhopkins/agent-simulator';
import { afterAll, beforeAll } from 'vitest';

export interface RecordedModel {
  readonly url: string;
  /** Bodies of the model requests since the last `forget`, as they were sent. */
  readonly requests: string[];
  forget(): void;
}

/** The simulator for the tests of one file, behind a proxy that keeps what it was asked. */
export function useRecordedModel(): RecordedModel {
  const simulator = createSimulator({ rate: 400 });
  const requests: string[] = [];
  let simulatorUrl = '';
  let url = '';

  const proxy = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    requests.push(body.toString());
    const { method, headers } = incoming;
    const forwarded = request(`${simulatorUrl}${incoming.url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      // A stream that breaks off must break off here too.
      answer.once('error', () => response.destroy());
    });
    forwarded.once('error', () => response.destroy());
    response.once('close', () => forwarded.destroy());
    forwarded.end(body);
  });

  beforeAll(async () => {
    ({ url: simulatorUrl } = await simulator.listen());
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    await simulator.close();
  });

  return {
    get url() {
      return url;
    },
    requests,
    forget: () => requests.splice(0),
  };
}
