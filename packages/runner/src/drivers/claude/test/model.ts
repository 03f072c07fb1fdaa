import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSimulator } from '@hhopkins/agent-simulator';

/** The simulator, behind a proxy that keeps what each agent asked it. */
export interface RecordedModel {
  /** A base URL of one agent's own, and the bodies of its requests so far. */
  open(): { url: string; requests: string[] };
  close(): Promise<void>;
}

export async function startRecordedModel(): Promise<RecordedModel> {
  const simulator = createSimulator({ rate: 400 });
  const { url: simulatorUrl } = await simulator.listen();
  const recorded: string[][] = [];

  /** The first segment of the path is the agent's number. */
  const proxy = createServer(async (incoming, response) => {
    const [, agent, path] = /^\/(\d+)(\/.*)$/.exec(incoming.url ?? '') ?? [];
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    recorded[Number(agent)]?.push(body.toString());
    const { method, headers } = incoming;
    const forwarded = request(`${simulatorUrl}${path}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      // A stream that breaks off must break off here too.
      answer.once('error', () => response.destroy());
    });
    forwarded.once('error', () => response.destroy());
    response.once('close', () => forwarded.destroy());
    forwarded.end(body);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;

  return {
    open() {
      const requests: string[] = [];
      const agent = recorded.push(requests) - 1;
      return { url: `http://127.0.0.1:${port}/${agent}`, requests };
    },
    async close() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      await simulator.close();
    },
  };
}
