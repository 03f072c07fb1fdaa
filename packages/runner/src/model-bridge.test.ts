import { mkdirSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { useFolders } from '../test/support/files.ts';
import { type ModelBridge, openModelBridge } from './model-bridge.ts';

const makeFolder = useFolders();
const open: { server?: Server; bridge?: ModelBridge } = {};
afterEach(async () => {
  await open.bridge?.close();
  open.server?.closeAllConnections();
  open.server?.close();
});

async function relayAt(folder: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    outgoing.writeHead(200);
    outgoing.write('started ');
    incoming.pipe(outgoing);
  });
  open.server = server;
  const cwd = process.cwd();
  // Bound by a short name, as a relay would in a folder that is then mounted somewhere deep.
  process.chdir(folder);
  await new Promise<void>((resolve) => server.listen('relay.sock', resolve));
  process.chdir(cwd);
  return join(folder, 'relay.sock');
}

const post = (url: string, body: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST' }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      incoming.once('end', () => resolve(text));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });

describe('the bridge to the model relay', () => {
  it.each([
    ['a short path', ''],
    ['a path longer than a socket address', 'deep/'.repeat(30)],
  ])('carries requests and answers, at %s', async (_, below) => {
    const folder = join(makeFolder(), below);
    mkdirSync(folder, { recursive: true });
    open.bridge = await openModelBridge(await relayAt(folder));
    expect(open.bridge.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const body = 'x'.repeat(2_000_000);
    expect(await post(open.bridge.url, body)).toBe(`started ${body}`);
    expect(await post(open.bridge.url, 'again')).toBe('started again');
  });

  it('breaks the connection when there is no relay', async () => {
    open.bridge = await openModelBridge(join(makeFolder(), 'nobody.sock'));
    await expect(post(open.bridge.url, 'hello')).rejects.toThrow(/socket hang up|ECONNRESET/);
  });
});
