import type { ServerFrame } from '@hhopkins/agent-protocol';
import WebSocket from 'ws';
import { within } from './deadline.ts';

/** Sends one command over a WebSocket of its own. Resolves with the status that REST would have given. */
export async function commandSocket(url: string, command: Record<string, unknown>): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  const id = crypto.randomUUID();
  const answered = new Promise<number>((resolve, reject) => {
    socket.on('open', () => socket.send(JSON.stringify({ id, ...command })));
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`the socket closed with ${code}`)));
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.type === 'ack' && frame.id === id) resolve(200);
      if (frame.type === 'error') resolve(frame.error.status);
    });
  });
  try {
    return await within(`the answer to ${command.type}`, answered);
  } finally {
    socket.terminate();
  }
}
