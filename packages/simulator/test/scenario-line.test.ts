import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatScenarioLine, parseScenarioLine } from '../src/index.ts';

describe('a sim: line', () => {
  it('names a scenario and its options', () => {
    expect(parseScenarioLine('sim:slow tokens=40 rate=2.5')).toEqual({
      scenario: 'slow',
      options: { tokens: '40', rate: '2.5' },
    });
  });

  it('quotes values with spaces, escapes and line breaks', () => {
    const line = String.raw`sim:write path="a b.txt" content="one\n\"two\"\tC:\dir \\"`;
    expect(parseScenarioLine(line)?.options).toEqual({
      path: 'a b.txt',
      content: 'one\n"two"\tC:\\dir \\',
    });
    expect(parseScenarioLine('sim:write content="one\ntwo" path=x')?.options).toEqual({
      content: 'one\ntwo',
      path: 'x',
    });
  });

  it('stands on a line of its own, anywhere in the text, and may be indented', () => {
    expect(parseScenarioLine('Please do this:\n  sim:text\nThank you.')).toEqual({
      scenario: 'text',
      options: {},
    });
    expect(parseScenarioLine('Please run sim:text now')).toBeUndefined();
    expect(parseScenarioLine('sim:')).toBeUndefined();
  });

  it('ignores words that are no options', () => {
    expect(parseScenarioLine('sim:shell please cmd=ls now')?.options).toEqual({ cmd: 'ls' });
  });

  it('counts when it is the last one, and not when it is quoted in another', () => {
    expect(parseScenarioLine('sim:text\nsim:thinking')?.scenario).toBe('thinking');
    expect(parseScenarioLine('sim:subagent prompt="do\nsim:text"')?.scenario).toBe('subagent');
  });

  it('takes a quote that never closes as an ordinary character', () => {
    expect(parseScenarioLine('sim:shell cmd="ls now')?.options).toEqual({ cmd: '"ls' });
  });

  it('reads back whatever was formatted', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
    const key = fc.stringMatching(/^[a-zA-Z][\w-]{0,10}$/).filter((value) => value !== '__proto__');
    const options = fc.dictionary(key, fc.string({ unit: 'binary' }), { noNullPrototype: true });
    fc.assert(
      fc.property(name, options, (scenario, given) => {
        const parsed = parseScenarioLine(`before\n${formatScenarioLine(scenario, given)}\nafter`);
        expect(parsed).toEqual({ scenario, options: given });
      }),
    );
  });

  it('never throws, whatever the text', () => {
    const fragment = fc.constantFrom('sim:', 'sim:a', ' ', '\n', '"', '\\', 'k=', 'v', '\t');
    fc.assert(
      fc.property(
        fc.array(fragment).map((fragments) => fragments.join('')),
        (text) => {
          parseScenarioLine(text);
        },
      ),
    );
  });
});
