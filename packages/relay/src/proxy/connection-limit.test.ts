import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { limitConnections } from './connection-limit.ts';

const MOST = 3;

async function startLimited() {
  const answers: ServerResponse[] = [];
  const server = createServer((_request, response) => void answers.push(response));
  limitConnections(server, MOST);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    answers,
    /** Connects, and waits until the server knows. */
    async connect(): Promise<Socket> {
      const arrived = once(server, 'connection');
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await arrived;
      return socket;
    },
    async ask(socket: Socket): Promise<void> {
      const asked = once(server, 'request');
      socket.write('POST / HTTP/1.1\r\nhost: relay\r\ncontent-length: 0\r\n\r\n');
      await asked;
    },
  };
}

it('closes the oldest idle connection for a new one, and none with a request under way', async () => {
  const { connect, ask, answers } = await startLimited();
  const busy = await connect();
  await ask(busy);
  const idle = [await connect(), await connect()];
  const closed = once(idle[0] as Socket, 'close');
  const newest = await connect();
  await closed;
  expect([busy, idle[1], newest].map((socket) => socket?.closed)).toEqual([false, false, false]);

  const answered = once(busy, 'data');
  answers[0]?.end('still here');
  expect(String(await answered)).toContain('still here');
});

it('counts a connection as idle again once its request was answered', async () => {
  const { connect, ask, answers } = await startLimited();
  const first = await connect();
  await ask(first);
  answers[0]?.end('done');
  await once(first, 'data');
  await connect();
  await connect();
  const closed = once(first, 'close');
  await connect();
  await closed;
});
