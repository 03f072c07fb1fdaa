import type { Health } from '@hhopkins/agent-protocol';

const RED = '\u001b[31;1m';
const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

/** What the server is, and three lines to try. Colours only where the output is a terminal. */
export function banner(url: string, health: Health, warnings: readonly string[], colour: boolean): string {
  const paint = (code: string, text: string) => (colour ? `${code}${text}${PLAIN}` : text);
  const agents = health.architectures.map(({ architecture, available, version, problem }) =>
    available ? `${architecture} ${version ?? ''}`.trim() : `${architecture}: ${problem}`,
  );
  const architecture = health.architectures.find(({ available }) => available)?.architecture ?? 'claude-sdk';
  const lines = [
    '',
    `agent-server ${health.version} is listening on ${url}`,
    '',
    `  store    ${health.store} (durability: ${health.durability})`,
    `  sandbox  ${health.sandbox} (isolation: ${health.isolation})`,
    `  agents   ${agents.join('; ') || 'none'}`,
    `  model    ${health.model}`,
    '',
    ...warnings.map((warning) => paint(RED, `  ! ${warning}`)),
    ...(warnings.length > 0 ? [''] : []),
    paint(DIM, 'Try:'),
    `  curl -s ${url}/sessions/create -H 'content-type: application/json' -d '{"architecture":"${architecture}"}'`,
    `  curl -s ${url}/sessions/SESSION_ID/message -H 'content-type: application/json' -d '{"content":"sim:shell-and-write path=hello.txt content=hello"}'`,
    `  curl -sN ${url}/sessions/SESSION_ID/events -H 'accept: text/event-stream'`,
    '',
    paint(DIM, 'Ctrl-C ends the server and everything it started.'),
    '',
  ];
  return lines.join('\n');
}
