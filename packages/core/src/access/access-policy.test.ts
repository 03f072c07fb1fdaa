import { AgentServerError } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AccessOptions, bearerToken, createAccessPolicy } from './access-policy.ts';
import { equalsInConstantTime } from './constant-time.ts';
import { parseJson } from './parse-json.ts';

function allows(options: AccessOptions, host: string | undefined, origin?: string): boolean {
  try {
    createAccessPolicy(options).checkOrigin({ host, origin });
    return true;
  } catch (error) {
    expect(AgentServerError.isInstance(error) && error.code).toBe('forbidden_origin');
    return false;
  }
}

describe('hosts', () => {
  test.each([
    'localhost',
    'localhost:3000',
    'LOCALHOST:1',
    'app.localhost',
    '127.0.0.1:8080',
    '127.9.9.9',
    '[::1]:3000',
  ])('%s is this machine, whatever the port', (host) => expect(allows({}, host)).toBe(true));

  test.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'a b',
    '[::1',
    '::1',
    'user@localhost',
    'localhost:99999999',
  ])('%s is not', (host) => expect(allows({}, host)).toBe(false));

  test('the address that is listened on is allowed, others are not', () => {
    expect(allows({ bind: '10.1.2.3' }, '10.1.2.3:3000')).toBe(true);
    expect(allows({ bind: '10.1.2.3' }, '10.1.2.4:3000')).toBe(false);
    expect(allows({ bind: 'FE80::1' }, '[fe80::1]:3000')).toBe(true);
  });

  test('listening everywhere without a key, addresses are allowed and names are not: those can be rebound', () => {
    expect(allows({ bind: '0.0.0.0' }, '192.168.1.7:3000')).toBe(true);
    expect(allows({ bind: '::' }, '[2001:db8::1]:3000')).toBe(true);
    expect(allows({ bind: '0.0.0.0' }, 'evil.example')).toBe(false);
  });

  test('listening everywhere with a key, every name is allowed: a foreign page lacks the key', () => {
    expect(allows({ bind: '0.0.0.0', apiKey: 'k' }, 'agents.example.com')).toBe(true);
    expect(allows({ bind: '127.0.0.1', apiKey: 'k' }, 'agents.example.com')).toBe(false);
  });

  test('an allowed host holds with any port, or with the one it says', () => {
    expect(allows({ allowedHosts: ['Agents.example.com'] }, 'agents.example.com:8443')).toBe(true);
    expect(allows({ allowedHosts: ['agents.example.com:8443'] }, 'agents.example.com:8443')).toBe(true);
    expect(allows({ allowedHosts: ['agents.example.com:8443'] }, 'agents.example.com')).toBe(false);
  });
});

describe('origins', () => {
  test('a request without one passes, and so does the server itself, behind a proxy for TLS too', () => {
    expect(allows({}, 'localhost:3000')).toBe(true);
    expect(allows({}, 'localhost:3000', 'http://localhost:3000')).toBe(true);
    expect(allows({}, 'localhost:3000', 'https://localhost:3000')).toBe(true);
    expect(allows({}, 'localhost', 'http://localhost')).toBe(true);
    expect(allows({}, 'localhost:443', 'https://localhost')).toBe(true);
  });

  test.each([
    'http://localhost:3001',
    'http://127.0.0.1:3000',
    'https://evil.example',
    'null',
    '',
    'file://',
    'http://localhost:3000.evil.example',
    'http://localhost:3000/path',
    'http://u@localhost:3000',
  ])('a page of %s does not', (origin) => expect(allows({}, 'localhost:3000', origin)).toBe(false));

  test('pages of allowed origins pass, spelled as browsers do', () => {
    const options = { corsOrigins: ['https://Console.example.com:443/'] };
    expect(allows(options, 'localhost', 'https://console.example.com')).toBe(true);
    expect(allows(options, 'localhost', 'http://console.example.com')).toBe(false);
    expect(createAccessPolicy(options).allowsOrigin('https://console.example.com')).toBe(true);
  });

  test('an allowed origin does not make up for a foreign host', () => {
    const options = { corsOrigins: ['https://evil.example'] };
    expect(allows(options, 'evil.example', 'https://evil.example')).toBe(false);
  });
});

describe('keys', () => {
  test('without one everybody is local', () => {
    expect(createAccessPolicy().authenticate(undefined)).toBe('local');
    expect(createAccessPolicy().requiresKey).toBe(false);
  });

  test('the principal is the name of the key, never the key', () => {
    expect(createAccessPolicy({ apiKey: 'one' }).authenticate('one')).toBe('key:default');
    const two = createAccessPolicy({
      apiKey: [
        { name: 'ci', key: 'one' },
        { name: 'ops', key: 'two' },
      ],
    });
    expect(two.authenticate('two')).toBe('key:ops');
  });

  test('whatever is not the whole key is unauthorized', () => {
    const access = createAccessPolicy({ apiKey: 'secret' });
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), (token) => {
        fc.pre(token !== 'secret');
        expect(() => access.authenticate(token)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
      }),
    );
  });

  test('texts are compared whole', () => {
    fc.assert(
      // Graphemes: lone surrogates cannot be told apart once encoded, and no key has any.
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (left, right) => {
        expect(equalsInConstantTime(left, right)).toBe(left === right);
        expect(equalsInConstantTime(left, left)).toBe(true);
      }),
    );
  });

  test.each([
    ['Bearer abc', 'abc'],
    ['bearer   abc ', 'abc'],
    ['Basic abc', undefined],
    ['Bearer a b', undefined],
    ['Bearer ', undefined],
    [undefined, undefined],
  ])('the token of %j is %j', (header, token) => expect(bearerToken(header)).toBe(token));
});

test.each([
  { apiKey: '' },
  { apiKey: 'a b' },
  { apiKey: [] },
  { allowedHosts: ['http://x'] },
  { corsOrigins: ['example.com'] },
  { corsOrigins: ['*'] },
] satisfies AccessOptions[])('%j is invalid_configuration', (options) => {
  expect(() => createAccessPolicy(options)).toThrow(
    expect.objectContaining({ code: 'invalid_configuration' }),
  );
});

describe('JSON from outside', () => {
  test('is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(parseJson(text, 'x')).toEqual(JSON.parse(text));
      }),
    );
  });

  test('brackets in strings are no nesting', () => {
    expect(parseJson(JSON.stringify('["\\"'.repeat(1000)), 'x')).toBe('["\\"'.repeat(1000));
  });

  test.each(['{', '', '['.repeat(1e6), `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`])(
    '%.20s… is invalid_request',
    (text) => {
      expect(() => parseJson(text, 'frame')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    },
  );
});
