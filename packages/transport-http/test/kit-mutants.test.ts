import type { IncomingMessage } from 'node:http';
import { runCases } from '@hhopkins/agent-testkit';
import { transportCases, transportMutants, transportSetup } from '@hhopkins/agent-testkit/transport';
import { describe, expect, test } from 'vitest';
import { serve } from './serve.ts';

// What never comes is waited for until a deadline: they wait side by side.
describe.concurrent('the transport kit catches a transport that has this fault:', () => {
  // [KIT-mutants-caught]
  test.each(transportMutants)('$id, $fault', { timeout: 120_000 }, async ({ caughtBy, spoil }) => {
    const cases = transportCases(['http']);
    const setup = transportSetup({ start: (engine, settings) => serve(spoil(engine), settings) });
    const results = await Promise.all(caughtBy.http.map((id) => runCases(cases, setup, { only: [id] })));
    const caught = results.flat().filter(({ outcome }) => outcome === 'failed');
    expect(caught.map(({ id }) => id)).toEqual(caughtBy.http);
  });

  test.each([
    ['last-event-id', ['sse-exactly-after-cursor', 'sse-last-event-id-wins', 'refuses-bad-last-event-id']],
    ['idempotency-key', ['message-once', 'refuses-bad-idempotency-key']],
    ['origin', ['foreign-origin-null', 'allowed-origin']],
    ['authorization', ['key-compared-whole']],
    ['if-none-match', ['file-cached-by-hash']],
    ['content-type', ['message-once', 'session-life']],
  ])('it does not hear the header %s', { timeout: 120_000 }, async (header, caughtBy) => {
    const setup = transportSetup({
      start: (engine, settings) =>
        serve(engine, settings, {}, (server) =>
          server.prependListener('request', ({ rawHeaders }: IncomingMessage) => {
            const at = rawHeaders.findIndex((each) => each.toLowerCase() === header);
            if (at >= 0) rawHeaders.splice(at, 2);
          }),
        ),
    });
    const results = await runCases(transportCases(['http']), setup, { only: caughtBy });
    expect(results.map(({ outcome }) => outcome)).toEqual(caughtBy.map(() => 'failed'));
  });
});
