import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished, vi } from 'vitest';

/** What the example posts. */
export interface Delivery {
  type: string;
  sessionId: string;
  seq: number;
  payload: { turnId: string; message?: string };
}

export interface Receiver {
  url: string;
  /** Everything that was posted to it, also what it did not take. */
  posted: Delivery[];
  /** Waits until that many posts have come. */
  untilPosted(count: number): Promise<Delivery[]>;
}

/** A server that answers each post, by its number from 0 on, as it is told; `hang` answers never. */
export async function startReceiver(
  answer: (post: number) => number | 'hang' = () => 204,
): Promise<Receiver> {
  const posted: Delivery[] = [];
  const server = createServer(async (request, response: ServerResponse) => {
    const status = answer(posted.push(JSON.parse(await text(request)) as Delivery) - 1);
    if (status !== 'hang') response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    posted,
    untilPosted: (count) =>
      vi.waitUntil(() => posted.length >= count && posted, { timeout: 20_000, interval: 10 }),
  };
}
