/** A Messages API request with the user's text, as a client sends it. */
export function messagesBody(text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    model: 'some-model',
    max_tokens: 1000,
    stream: true,
    thinking: { type: 'enabled', budget_tokens: 1024 },
    messages: [{ role: 'user', content: text }],
    tools: [{ name: 'Bash', input_schema: { type: 'object', properties: { command: { type: 'string' } } } }],
    ...more,
  };
}

export function post(url: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
}

export interface StreamEvent {
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the wire carries.
  [field: string]: any;
}

/** The events of a streamed answer, after checking that each `event:` line agrees with its data. */
export async function readEvents(response: Response): Promise<StreamEvent[]> {
  const frames = (await response.text()).split('\n\n').filter(Boolean);
  return frames.map((frame) => {
    const [, name, data] = /^event: (\S+)\ndata: (.+)$/.exec(frame) ?? [];
    const event = JSON.parse(data ?? 'null') as StreamEvent;
    if (event.type !== name)
      throw new Error(`The event line of this frame disagrees with its data: ${frame}`);
    return event;
  });
}
