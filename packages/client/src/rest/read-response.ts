import { AgentServerError } from '@hhopkins/agent-protocol/light';

/** A file as it is in the workspace. */
export interface FileContent {
  content: Uint8Array;
  mediaType: string;
  /** Lower-case hexadecimal SHA-256 of the content. */
  hash: string | undefined;
}

export async function jsonOf<Value>(response: Response): Promise<Value> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Value;
  } catch (cause) {
    throw new AgentServerError(
      'protocol_error',
      'The answer is not JSON. Is the URL that of an agent-server?',
      {
        cause,
      },
    );
  }
}

export const textOf = (response: Response): Promise<string> => response.text();

export const bytesOf = async (response: Response): Promise<Uint8Array> =>
  new Uint8Array(await response.arrayBuffer());

export const fileOf = async (response: Response): Promise<FileContent> => ({
  content: await bytesOf(response),
  mediaType: response.headers.get('content-type') ?? 'application/octet-stream',
  hash: /^"([0-9a-f]{64})"$/.exec(response.headers.get('etag') ?? '')?.[1],
});

/** Read all the same: an unread body would keep its connection busy. */
export async function nothing(response: Response): Promise<void> {
  await response.arrayBuffer();
}
