// WEBHOOK_URL=https://example.com/hook pnpm --filter example-webhook start
import { configFromEnvironment } from '@hhopkins/agent-cli';
import { AgentRuntime } from '@hhopkins/agent-server';
import { webhook } from './webhook.ts';

const url = process.env.WEBHOOK_URL;
if (!url) throw new Error('Set WEBHOOK_URL to where the ends of turns are posted');

const { config } = await configFromEnvironment(process.env);
const runtime = new AgentRuntime(config);
await runtime.start();
webhook(runtime, { url });
console.log(`Listening on ${runtime.url}; the ends of turns are posted to ${url}`);
process.once('SIGINT', () => void runtime.stop({ runs: 'end' }).then(() => process.exit(0)));
