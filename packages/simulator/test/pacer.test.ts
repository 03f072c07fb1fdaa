import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPacer } from '../src/http/pacer.ts';

describe('the pace of a stream', () => {
  it('holds over the whole, however late single timers are', async () => {
    const lateness = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), lateness, async (rate, lates) => {
        let time = 0;
        let late = 0;
        const clock = {
          now: () => time,
          async sleep(milliseconds: number) {
            time += milliseconds + late;
          },
        };
        const pacer = createPacer(rate, new AbortController().signal, clock);
        for (late of lates) await pacer.spend(1);
        const due = (lates.length * 1000) / rate;
        expect(time).toBeGreaterThanOrEqual(due - 1);
        expect(time).toBeLessThanOrEqual(due + 400);
      }),
    );
  });

  it('ends at once when the stream is aborted', async () => {
    const abort = new AbortController();
    const spending = createPacer(0.1, abort.signal).spend(100);
    abort.abort();
    await expect(spending).rejects.toThrow();
  });
});
