import { fileURLToPath } from 'node:url';
import { AgentRuntime, bubblewrap, plainProcesses } from '@hhopkins/agent-server';
import { MyStore } from './my-store.ts';

const [sandbox, directory = '.data'] = process.argv.slice(2);

const store = new MyStore();
const runtime = new AgentRuntime({
  persistence: store,
  models: { simulator: { program: fileURLToPath(import.meta.resolve('@hhopkins/agent-simulator/bin')) } },
  sandbox: (sandbox === 'bubblewrap' ? bubblewrap : plainProcesses)({ directory: `${directory}/sandboxes` }),
  dataDirectory: directory,
  websocketPort: 0,
  logLevel: 'error',
  // Whatever is left behind when this is killed ends by itself.
  orphanTtlMs: 60_000,
});
await runtime.start();

const me = { principal: 'me' };
const { sessionId } = await runtime.sessions.create(me, { architecture: 'claude-sdk' });
const ended = new Promise<object>((resolve) => {
  runtime.events.on('turn:completed', ({ type }) => resolve({ type }));
  runtime.events.on('turn:failed', ({ type, payload }) => resolve({ type, ...payload }));
});
const content = 'sim:shell-and-write path=hello.txt content="from Claude" cmd="node --version"';
await runtime.sessions.sendMessage(me, sessionId, { content });
const end = await ended;

const { conversation } = await runtime.sessions.get(sessionId);
const file = await runtime.sessions.readFile(sessionId, 'hello.txt').catch(() => undefined);
await runtime.stop({ runs: 'end' });
console.log(
  JSON.stringify({
    type: 'turn',
    end,
    blocks: conversation.blocks,
    file: file && Buffer.from(file.content).toString(),
    saved: store.files.get(sessionId)?.get('hello.txt')?.content,
    transcript: store.transcripts.get(sessionId)?.get('')?.length,
  }),
);
