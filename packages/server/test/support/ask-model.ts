import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Access } from './gateway.ts';

/** What an agent sends its model, reduced to the least. */
export function askModel(
  { socket, token }: Access,
  content = 'hello',
): Promise<{ status: number; body: string }> {
  const body = JSON.stringify({ model: 'claude', max_tokens: 100, messages: [{ role: 'user', content }] });
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': token, 'content-type': 'application/json' };
    const outgoing = request(
      { socketPath: socket, method: 'POST', path: '/v1/messages', headers },
      async (answer) => {
        resolve({ status: answer.statusCode ?? 0, body: await text(answer) });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
