// An MCP server on stdio with one tool, as small as one can be.
import { createInterface } from 'node:readline';

const tool = {
  name: 'say',
  description: 'Says it again',
  inputSchema: { type: 'object', properties: { words: { type: 'string' } }, required: ['words'] },
};

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'echo', version: '1.0.0' },
  }),
  'tools/list': () => ({ tools: [tool] }),
  'tools/call': ({ arguments: { words } }) => ({ content: [{ type: 'text', text: `echo: ${words}` }] }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue;
  const answer = answers[method];
  const outcome = answer
    ? { result: answer(params ?? {}) }
    : { error: { code: -32601, message: 'unknown method' } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...outcome })}\n`);
}
