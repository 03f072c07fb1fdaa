import { AgentRuntime } from '@hhopkins/agent-server';
import type { RuntimeConfig } from '@hhopkins/agent-server/types';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { MyStore } from './my-store.ts';

/** A line for whoever watches this program. */
const say = (line: object) => console.log(JSON.stringify(line));

const modal = { tokenId: 'ak-wrong', tokenSecret: 'as-wrong', appName: 'my-app' };

const config: RuntimeConfig = {
  persistence: new MyStore(),
  ...(process.argv.includes('--modal') ? { modal } : {}),
  idleTimeoutMs: 900_000,
  syncIntervalMs: 30_000,
  websocketPort: 0,
  logLevel: 'error',
};

const runtime = new AgentRuntime(config);
runtime.events.on('turn:failed', ({ context, payload }) => {
  const { code, message, retryable } = payload;
  say({ type: 'failed', sessionId: context.sessionId, code, message, retryable });
});
await runtime.start();

const app = new Hono();
app.get('/', (context) => context.text('my product'));
app.route('/agents', runtime.app);
const own = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  say({ type: 'started', url: runtime.url, mounted: `http://127.0.0.1:${port}/agents` });
});

process.stdin.once('data', async () => {
  process.stdin.destroy();
  own.close();
  await runtime.stop();
  say({ type: 'stopped' });
});
