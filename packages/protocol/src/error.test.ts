import { expect, it } from 'vitest';
import { AgentServerError } from './error.ts';

it('comes back whole from the problem it was sent as', () => {
  const sent = new AgentServerError('queue_full', 'The queue is full.', {
    issues: [{ path: 'content', message: 'one too many' }],
    details: { position: 3 },
  });
  const received = AgentServerError.fromProblem(JSON.parse(JSON.stringify(sent.toProblem())));
  expect(received).toMatchObject({
    code: 'queue_full',
    status: 429,
    message: 'The queue is full.',
    issues: [{ path: 'content', message: 'one too many' }],
    details: { position: 3 },
  });
  expect(AgentServerError.isInstance(received)).toBe(true);
});

it('keeps the code and status of a problem that only newer servers know', () => {
  const problem = {
    type: 'urn:x',
    title: 'Moon phase',
    status: 418,
    code: 'wrong_moon',
    detail: 'Not tonight.',
  };
  const error = AgentServerError.fromProblem(problem);
  expect(error).toMatchObject({ code: 'wrong_moon', status: 418, message: 'Not tonight.' });
  expect(error.toProblem()).toMatchObject({ code: 'wrong_moon', status: 418 });
});

it.each([undefined, null, 'oops', 42, {}, { code: 7 }])(
  'takes %j for what it is: no problem at all',
  (value) => {
    expect(AgentServerError.fromProblem(value).code).toBe('protocol_error');
  },
);
