/** A line of a message to the scripted agent. */
export type Step =
  | { do: 'text'; tokens: number; rate: number }
  | { do: 'say'; text: string }
  | { do: 'think'; tokens: number }
  | { do: 'file'; path: string; content: string }
  | { do: 'delete'; path: string }
  | { do: 'ask'; tool: string }
  | { do: 'question'; question: string }
  | { do: 'sleep'; milliseconds: number }
  | { do: 'background'; milliseconds: number; script: string }
  | { do: 'hang' }
  | { do: 'spawn' }
  | { do: 'subagent'; name: string; tokens: number }
  | { do: 'output'; bytes: number }
  | { do: 'environment'; name: string }
  | { do: 'recall' }
  | { do: 'fail'; message: string }
  | { do: 'crash' };

const number = (text: string | undefined, fallback: number): number => {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value >= 0 ? value : fallback;
};

/** Reads a message line by line; a line that is no instruction is said back. */
export function parseScript(text: string): Step[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(parseLine);
}

function parseLine(line: string): Step {
  const [word, first, ...rest] = line.split(' ');
  const remainder = line.slice((word ?? '').length).trim();
  switch (word) {
    case 'text':
      return { do: 'text', tokens: number(first, 10), rate: number(rest[0], 0) };
    case 'say':
      return { do: 'say', text: remainder };
    case 'think':
      return { do: 'think', tokens: number(first, 10) };
    case 'file':
      return { do: 'file', path: first ?? 'file.txt', content: rest.join(' ') };
    case 'delete':
      return { do: 'delete', path: first ?? 'file.txt' };
    case 'ask':
      return { do: 'ask', tool: first ?? 'Bash' };
    case 'question':
      return { do: 'question', question: remainder || 'Which one?' };
    case 'sleep':
      return { do: 'sleep', milliseconds: number(first, 1_000) };
    case 'background':
      return {
        do: 'background',
        milliseconds: number(first, 1_000),
        script: rest.join(' ') || 'say it is over',
      };
    case 'subagent':
      return { do: 'subagent', name: first ?? 'helper', tokens: number(rest[0], 5) };
    case 'output':
      return { do: 'output', bytes: number(first, 1_000) };
    case 'environment':
      return { do: 'environment', name: first ?? 'PATH' };
    case 'fail':
      return { do: 'fail', message: remainder || 'The script failed' };
    case 'hang':
    case 'spawn':
    case 'recall':
    case 'crash':
      return { do: word };
    default:
      return { do: 'say', text: line };
  }
}
