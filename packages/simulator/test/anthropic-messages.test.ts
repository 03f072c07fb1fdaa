import { request as httpRequest } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { messagesBody, post, readEvents } from './support/messages.ts';
import { startSimulator } from './support/simulator.ts';

describe('a streamed message', () => {
  it('has the events of the API, in its order', async () => {
    const { url } = await startSimulator();
    const response = await post(url, messagesBody('sim:shell cmd=ls'));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = await readEvents(response);
    const kinds = events.map(({ type, content_block, delta }) => content_block?.type ?? delta?.type ?? type);
    expect(kinds.filter((kind, index) => kind !== kinds[index - 1])).toEqual([
      'message_start',
      'thinking',
      'thinking_delta',
      'signature_delta',
      'content_block_stop',
      'text',
      'text_delta',
      'content_block_stop',
      'tool_use',
      'input_json_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events[0]?.message).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'some-model',
      content: [],
    });
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use', stop_sequence: null } });
  });

  it('comes in pieces that join to the whole', async () => {
    const { url } = await startSimulator();
    const content = `words, words – and ${'x'.repeat(100)} 🦊🦊🦊 ${' '.repeat(60)}end\n`;
    const line = `sim:text content=${JSON.stringify(content)}`;
    const events = await readEvents(await post(url, messagesBody(line)));
    const pieces = events.flatMap(({ delta }) =>
      delta?.type === 'text_delta' ? [delta.text as string] : [],
    );
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.join('')).toBe(content);
  });

  it('carries a tool input that joins to JSON', async () => {
    const { url } = await startSimulator();
    const events = await readEvents(await post(url, messagesBody('sim:shell cmd="echo a; echo b"')));
    const json = events.map(({ delta }) => delta?.partial_json ?? '').join('');
    expect(JSON.parse(json)).toEqual({ command: 'echo a; echo b' });
  });

  it('counts its tokens from the text', async () => {
    const { url } = await startSimulator();
    const usage = async (line: string) => {
      const events = await readEvents(await post(url, messagesBody(line)));
      return { input: events[0]?.message.usage.input_tokens, output: events.at(-2)?.usage.output_tokens };
    };
    const short = await usage('sim:slow tokens=3 rate=5000');
    const long = await usage(`sim:slow tokens=40 rate=5000 ignored=${'x'.repeat(400)}`);
    expect([short.output, long.output]).toEqual([3, 40]);
    expect(long.input).toBeGreaterThan(short.input);
  });

  it('has ids that no other message has', async () => {
    const { url } = await startSimulator();
    const ids = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const events = await readEvents(await post(url, messagesBody('sim:parallel')));
      ids.add(events[0]?.message.id);
      for (const { content_block } of events) if (content_block?.id) ids.add(content_block.id);
    }
    expect(ids.size).toBe(9);
    for (const id of ids) expect(id).toMatch(/^(msg|toolu)_01\w+$/);
  });

  it('stops when the client goes away', async () => {
    const { url, entries } = await startSimulator();
    const abort = new AbortController();
    const response = await post(url, messagesBody('sim:slow tokens=1000 rate=10'), { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    await vi.waitFor(() => expect(entries).toMatchObject([{ scenario: 'slow', outcome: 'aborted' }]));
  });

  it('ends with an error event when it is to break', async () => {
    const { url } = await startSimulator();
    const events = await readEvents(await post(url, messagesBody('sim:error status=529 after=2')));
    expect(events.map(({ type }) => type)).not.toContain('message_stop');
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
  });

  it('loses its connection when it is to be cut', async () => {
    const { url } = await startSimulator();
    const response = await post(url, messagesBody('sim:error after=2 cut=true'));
    await expect(response.text()).rejects.toThrow();
  });
});

describe('a message in one piece', () => {
  it('has the content and usage of the streamed one', async () => {
    const { url } = await startSimulator();
    const response = await post(url, messagesBody('sim:shell cmd=ls', { stream: false }));
    expect(await response.json()).toMatchObject({
      type: 'message',
      role: 'assistant',
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking' },
        { type: 'text' },
        { type: 'tool_use', name: 'Bash', input: { command: 'ls' } },
      ],
      usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
    });
  });
});

describe('what the agent adds to the conversation', () => {
  const prompt = { type: 'text', text: 'sim:text content=mine' };

  it.each([
    [
      'a reminder after it',
      [prompt, { type: 'text', text: '<system-reminder>\nsim:text\n</system-reminder>' }],
    ],
    [
      'a reminder in the same text',
      [{ type: 'text', text: `<system-reminder>\nsim:fail\n</system-reminder>\n${prompt.text}` }],
    ],
    ['a cache mark', [{ ...prompt, cache_control: { type: 'ephemeral' } }]],
  ])('does not hide the prompt: %s', async (_name, content) => {
    const { url } = await startSimulator();
    const body = messagesBody('', { stream: false, messages: [{ role: 'user', content }] });
    expect(await (await post(url, body)).json()).toMatchObject({ content: [{ text: 'mine' }] });
  });

  it('is a task notification, which is no new prompt', async () => {
    const { url } = await startSimulator();
    const messages = [
      { role: 'user', content: [prompt] },
      { role: 'assistant', content: [{ type: 'text', text: 'mine' }] },
      { role: 'user', content: '<task-notification>\n<result>\nsim:fail\n</result>\n</task-notification>' },
    ];
    const response = await post(url, messagesBody('', { stream: false, messages }));
    expect(await response.json()).toMatchObject({
      content: [{ text: expect.stringContaining('come back') }],
    });
  });
});

describe('a chore without tools', () => {
  it.each([
    ['a title', { system: 'Generate a concise title for this session.' }, 'Simulated session'],
    [
      'a title as JSON',
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      '{}',
    ],
  ])('is not taken for a turn of the conversation: %s', async (_name, more, text) => {
    const { url } = await startSimulator();
    const body = messagesBody('sim:error status=500', { stream: false, tools: [], ...more });
    expect(await (await post(url, body)).json()).toMatchObject({ content: [{ text }] });
  });
});

describe('a failure that passes', () => {
  it('passes for the conversation that had it, and comes back for another', async () => {
    const { url } = await startSimulator();
    const attempt = async (session: string) => {
      const headers = { 'x-claude-code-session-id': session };
      return (await post(url, messagesBody('sim:error status=529 times=2'), { headers })).status;
    };
    expect(await attempt('one')).toBe(529);
    expect(await attempt('one')).toBe(529);
    expect(await attempt('two')).toBe(529);
    expect(await attempt('one')).toBe(200);
    expect(await attempt('one')).toBe(529);
  });

  it('also counts the tries that the client tells of', async () => {
    const { url } = await startSimulator();
    const headers = { 'x-stainless-retry-count': '1' };
    expect((await post(url, messagesBody('sim:error times=1'), { headers })).status).toBe(200);
  });

  it('says when to come back, if asked to', async () => {
    const { url } = await startSimulator();
    const response = await post(url, messagesBody('sim:error status=429 retry-after=3'));
    expect(response.headers.get('retry-after')).toBe('3');
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
  });
});

describe('what is refused, in the form of the API', () => {
  it.each([
    ['a body that is not JSON', '{', 400, 'invalid_request_error'],
    ['a body without messages', { model: 'm' }, 400, 'invalid_request_error'],
    ['a body that is no object', '7', 400, 'invalid_request_error'],
    ['a body that is too large', { pad: 'x'.repeat(2000) }, 413, 'request_too_large'],
  ])('%s', async (_name, body, status, type) => {
    const { url } = await startSimulator({ maxBodyBytes: 1000 });
    const response = await post(url, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type, message: expect.any(String) },
    });
  });

  it('a body of unknown length that grows too large', async () => {
    const { url } = await startSimulator({ maxBodyBytes: 1000 });
    const status = await new Promise((resolve, reject) => {
      const outgoing = httpRequest(`${url}/v1/messages`, { method: 'POST' }, (response) =>
        resolve(response.statusCode),
      );
      outgoing.on('error', reject);
      outgoing.write('x'.repeat(2000));
    });
    expect(status).toBe(413);
  });

  it.each(['/', '//', '/v1/messages/batches', '/v1/models'])('the unknown route %s', async (path) => {
    const { url } = await startSimulator();
    const response = await fetch(url + path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });
});

describe('beside messages', () => {
  it('tokens are counted', async () => {
    const { url } = await startSimulator();
    const response = await fetch(`${url}/v1/messages/count_tokens?beta=true`, {
      method: 'POST',
      body: JSON.stringify(messagesBody('hello')),
    });
    expect(await response.json()).toEqual({ input_tokens: expect.any(Number) });
  });

  it('/health says what is running', async () => {
    const { url } = await startSimulator();
    expect(await (await fetch(`${url}/health`)).json()).toEqual({
      name: 'agent-simulator',
      version: expect.any(String),
      pid: process.pid,
    });
  });

  it('scripts are not read for an address that others can reach', async () => {
    const { url } = await startSimulator({ host: '0.0.0.0' });
    const local = url.replace('0.0.0.0', '127.0.0.1');
    const response = await post(local, messagesBody('sim:script file=/etc/hostname', { stream: false }));
    expect(await response.json()).toMatchObject({ content: [{ text: expect.stringContaining('loopback') }] });
  });

  it('closing ends streams that are under way', async () => {
    const { simulator, url } = await startSimulator();
    const response = await post(url, messagesBody('sim:slow tokens=1000 rate=10'));
    await simulator.close();
    await expect(response.text()).rejects.toThrow();
    await simulator.close();
  });
});
