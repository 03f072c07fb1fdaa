/** A `sim:` line taken apart. */
export interface ScenarioLine {
  scenario: string;
  options: Record<string, string>;
}

const HEAD = /^[ \t]*sim:([a-z][a-z0-9-]*)/gm;
const KEY = /[ \t]+(?:([a-zA-Z][\w-]*)=)?/y;
const BARE = /[^\s]*/y;
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y;

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/**
 * Reads the last line of the form `sim:<scenario> key=value key="quoted value"` in a text.
 *
 * Inside quotes `\n`, `\r`, `\t`, `\"` and `\\` are escapes, any other backslash stands for itself, and the value
 * may run over several lines. Words without `=` are ignored. A quote that never closes is an ordinary character.
 *
 * @example
 * parseScenarioLine('sim:shell cmd="echo hi"'); // { scenario: 'shell', options: { cmd: 'echo hi' } }
 */
export function parseScenarioLine(text: string): ScenarioLine | undefined {
  let last: ScenarioLine | undefined;
  HEAD.lastIndex = 0;
  for (let head = HEAD.exec(text); head; head = HEAD.exec(text)) {
    const { options, end } = parseOptions(text, HEAD.lastIndex);
    last = { scenario: head[1] as string, options };
    HEAD.lastIndex = end;
  }
  return last;
}

function parseOptions(text: string, start: number): { options: Record<string, string>; end: number } {
  const options: Record<string, string> = {};
  let position = start;
  for (;;) {
    const key = matchAt(KEY, text, position);
    if (!key) return { options, end: position };
    position += key[0].length;
    const quoted = key[1] === undefined ? undefined : matchAt(QUOTED, text, position);
    const value = quoted ?? (matchAt(BARE, text, position) as RegExpExecArray);
    position += value[0].length;
    if (key[1] !== undefined) options[key[1]] = quoted ? readEscapes(quoted[1] as string) : value[0];
  }
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}

function readEscapes(value: string): string {
  return value.replace(/\\([\s\S])/g, (whole, character: string) => ESCAPES[character] ?? whole);
}

/**
 * Writes the line that {@link parseScenarioLine} reads back to the same scenario and options.
 *
 * @example
 * formatScenarioLine('write', { path: 'a.txt', content: 'two\nlines' });
 * // 'sim:write path="a.txt" content="two\\nlines"'
 */
export function formatScenarioLine(
  scenario: string,
  options: Record<string, string | number | boolean> = {},
): string {
  const pairs = Object.entries(options).map(([key, value]) => ` ${key}="${writeEscapes(String(value))}"`);
  return `sim:${scenario}${pairs.join('')}`;
}

function writeEscapes(value: string): string {
  return value
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
}
