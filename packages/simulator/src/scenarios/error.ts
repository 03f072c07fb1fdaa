import type { OptionReader } from '../scenario/options.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { message, type Step, text } from '../scenario/step.ts';

/**
 * Fails with an HTTP status. With `times=` only so often, then the model answers; with `after=` the stream begins
 * and breaks after so many tokens, by an error event or, with `cut=true`, by a lost connection.
 */
export const errorScenario: Scenario = {
  name: 'error',
  example: 'sim:error status=529 times=2',
  plan({ options, failures }) {
    const times = options.number('times', Number.POSITIVE_INFINITY, { min: 0, max: 1000 });
    if (failures < times) return [failure(options)];
    return [
      message([text(`Here I am again, after ${failures} failed ${failures === 1 ? 'try' : 'tries'}.`)]),
    ];
  },
};

function failure(options: OptionReader): Step {
  const status = Math.floor(options.number('status', 529, { min: 400, max: 599 }));
  const after = Math.floor(options.number('after', 0, { min: 0, max: 100_000 }));
  if (after > 0) {
    const words = Array.from({ length: after }, (_, index) => `lost${index + 1}`).join(' ');
    const breakage = options.flag('cut') ? ({ kind: 'cut' } as const) : ({ kind: 'error', status } as const);
    return { ...message([text(words)]), breakage };
  }
  const retryAfter = options.number('retry-after', -1, { min: 0, max: 3600 });
  return {
    type: 'error',
    status,
    message: options.text('message', `simulated error ${status}`),
    ...(retryAfter < 0 ? {} : { retryAfterSeconds: retryAfter }),
  };
}
