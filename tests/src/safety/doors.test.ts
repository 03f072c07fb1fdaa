import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { TOGETHER, within } from '../harness/deadline.ts';
import { sharedPlace } from '../harness/shared-place.ts';
import { test } from '../harness/test.ts';

/** The status of a request with these headers, as no browser and no `fetch` would send it. */
function statusOf(
  url: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; code?: string }> {
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { headers }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => {
        const code = answer.headers['content-type']?.includes('problem') ? JSON.parse(body).code : undefined;
        resolve({ status: answer.statusCode ?? 0, code });
      });
    })
      .on('error', reject)
      .end();
  });
}

/** The status that the upgrade is refused with; 101 when it is not. */
function upgradeStatus(
  url: string,
  headers: Record<string, string>,
  protocols: string[] = [],
): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'), protocols, { headers });
  const answered = new Promise<number>((resolve) => {
    socket.on('unexpected-response', (_, answer) => resolve(answer.statusCode ?? 0));
    socket.on('open', () => resolve(101));
    socket.on('error', () => {});
  });
  return within('the answer to the upgrade', answered).finally(() => socket.terminate());
}

describe('a server without a key', TOGETHER, () => {
  const place = sharedPlace({ agent: 'scripted' });

  it('listens on the loopback address alone [SAFE-loopback-default]', () => {
    expect(new URL(place().url()).hostname).toBe('127.0.0.1');
  });

  it('refuses requests for a foreign host, so that no page reaches it by rebinding [SAFE-host-checked]', async () => {
    const headers = { host: 'evil.example' };
    expect(await statusOf(place().url(), '/sessions', headers)).toMatchObject({ code: expect.any(String) });
    expect((await statusOf(place().url(), '/sessions', headers)).status).toBeGreaterThanOrEqual(400);
    expect(await upgradeStatus(place().url(), headers)).toBeGreaterThanOrEqual(400);
  });

  it('refuses requests of a foreign page [SAFE-origin-checked]', async () => {
    const headers = { origin: 'https://evil.example' };
    expect(await statusOf(place().url(), '/sessions', headers)).toEqual({
      status: 403,
      code: 'forbidden_origin',
    });
    expect(await upgradeStatus(place().url(), headers)).toBe(403);
    expect(await upgradeStatus(place().url(), {})).toBe(101);
  });
});

describe('a server with a key', TOGETHER, () => {
  const place = sharedPlace({ agent: 'scripted', environment: { API_KEY: 'a-key-of-the-test' } });

  it('answers only those who have it, over REST and WebSocket [SAFE-api-key]', async () => {
    const url = place().url();
    expect(await statusOf(url, '/sessions', {})).toEqual({ status: 401, code: 'unauthorized' });
    expect(await statusOf(url, '/sessions', { authorization: 'Bearer wrong' })).toEqual({
      status: 401,
      code: 'unauthorized',
    });
    expect((await statusOf(url, '/sessions', { authorization: 'Bearer a-key-of-the-test' })).status).toBe(
      200,
    );
    expect((await statusOf(url, '/health', {})).status).toBe(200);
    expect((await statusOf(url, '/ready', {})).status).toBe(200);
    expect(await closeCodeOf(url, ['bearer.wrong'])).toBe(4401);
    expect(await upgradeStatus(url, {}, ['bearer.a-key-of-the-test'])).toBe(101);
  });
});

describe('a server that could be reached from elsewhere', TOGETHER, () => {
  test('does not start without a key [SAFE-no-open-door]', async ({ open }) => {
    const place = await open({ program: 'reference' });
    const { code, output } = await place.refusal({ HOST: '0.0.0.0' });
    expect(code).toBe(1);
    expect(output.trim().split('\n')).toEqual([
      expect.stringMatching(/invalid_configuration: host: .*\(API_KEY\)/),
    ]);
  });

  test('does not start with unisolated agents unless told [SAFE-no-unisolated-door]', async ({ open }) => {
    const place = await open({ agent: 'scripted' });
    const { code, output } = await place.refusal({ HOST: '0.0.0.0', API_KEY: 'a-key-of-the-test' });
    expect(code).toBe(1);
    expect(output.trim().split('\n')).toEqual([
      expect.stringMatching(/invalid_configuration: .*ALLOW_UNISOLATED=1/),
    ]);
  });
});

/** A key that is wrong is told by the close code, since browsers do not show the status of an upgrade. */
function closeCodeOf(url: string, protocols: string[]): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'), protocols);
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  return within('the close of the socket', closed).finally(() => socket.terminate());
}
