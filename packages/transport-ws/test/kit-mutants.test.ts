import { runCases } from '@hhopkins/agent-testkit';
import { transportCases, transportMutants, transportSetup } from '@hhopkins/agent-testkit/transport';
import { describe, expect, test } from 'vitest';
import { serve } from './serve.ts';

// What never comes is waited for until a deadline: they wait side by side.
describe.concurrent('the transport kit catches a transport that has this fault:', () => {
  // [KIT-mutants-caught]
  test.each(transportMutants)('$id, $fault', { timeout: 120_000 }, async ({ caughtBy, spoil }) => {
    const cases = transportCases(['websocket']);
    const setup = transportSetup({ start: (engine, settings) => serve(spoil(engine), settings) });
    const results = await Promise.all(caughtBy.websocket.map((id) => runCases(cases, setup, { only: [id] })));
    const caught = results.flat().filter(({ outcome }) => outcome === 'failed');
    expect(caught.map(({ id }) => id)).toEqual(caughtBy.websocket);
  });
});
