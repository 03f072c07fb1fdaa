/** Places of this machine, and what stands for them in a recording. */
export interface Places {
  workspace: string;
  home: string;
}

/** Takes the machine out of a recording. */
export function scrubText(text: string, { workspace, home }: Places): string {
  const dashed = (path: string) => path.replaceAll(/[^a-zA-Z0-9]/g, '-');
  return text
    .replaceAll(home, '/home/agent')
    .replaceAll(workspace, '/workspace')
    .replaceAll(dashed(workspace), '-workspace')
    .replaceAll(/\/tmp\/claude-\d+\//g, '/tmp/claude/')
    .replaceAll(/\/tmp\/cc-socks\/\d+\.sock/g, '/tmp/cc-socks/1.sock')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:8080');
}

/** Of a scrubbed recording: what still looks like a path of the recording machine. */
export function leftBehind(text: string): string | undefined {
  return /(\/root\b|\/work\/|\/tmp\/(?!claude\/|cc-socks\/)[\w-]+|\/usr\/(?!bin)\w+|\/home\/(?!agent))[^"\s]{0,80}/.exec(
    text,
  )?.[0];
}

const LISTS = [
  'tools',
  'slash_commands',
  'terminal_slash_commands',
  'agents',
  'skills',
  'plugins',
  'capabilities',
];

/** A live message with its shape kept and its bulk gone; undefined for pure noise. */
export function slimLive(message: Record<string, unknown>): Record<string, unknown> | undefined {
  if (message.subtype === 'thinking_tokens') return undefined;
  if (message.subtype !== 'init') return message;
  const emptied = LISTS.filter((key) => key in message).map((key) => [key, []]);
  return { ...message, ...Object.fromEntries(emptied) };
}

/** Line types of a transcript that only the agent reads. */
const BULKY = new Set(['api-request', 'api-request-blob', 'api-request-shape', 'file-history-snapshot']);

export function slimTranscriptLine(line: Record<string, unknown>): Record<string, unknown> {
  if (BULKY.has(String(line.type))) return { type: line.type, sessionId: line.sessionId };
  const { attachment } = line as { attachment?: { type?: string } };
  if (!attachment || attachment.type === 'queued_command') return line;
  const { rendered: _, ...rest } = line;
  return { ...rest, attachment: { type: attachment.type } };
}
