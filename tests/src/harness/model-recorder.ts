import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSimulator } from '@hhopkins/agent-simulator';

/** The model simulator, with an ear at the door. */
export interface RecordedModel {
  readonly url: string;
  /** Everything that agents have asked it so far, as one text. */
  asked(): string;
  close(): Promise<void>;
}

export async function listenAsModel(): Promise<RecordedModel> {
  const simulator = createSimulator();
  const { url } = await simulator.listen();
  const bodies: string[] = [];
  const door = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const onward = request(new URL(incoming.url ?? '/', url), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk));
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    asked: () => bodies.join(''),
    async close() {
      door.closeAllConnections();
      await new Promise((resolve) => door.close(resolve));
      await simulator.close();
    },
  };
}
