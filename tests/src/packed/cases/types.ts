import { describe, expect, it } from 'vitest';
import type { Consumer } from '../consumer.ts';

export function describeTypes(consumer: () => Consumer): void {
  describe('the quick start compiles', () => {
    it('under strict TypeScript, with every declaration that it reaches', () => {
      expect(consumer().compiled.strict).toEqual({ code: 0, output: '' });
    });

    it('with unannotated parameters and rows of any shape', () => {
      expect(consumer().compiled.loose).toEqual({ code: 0, output: '' });
    });
  });
}
