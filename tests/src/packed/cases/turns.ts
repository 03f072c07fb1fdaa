import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '@hhopkins/agent-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ofType, textOf } from '../../harness/blocks.ts';
import { endAll, untilNobodyLeft } from '../../harness/census.ts';
import { ISOLATIONS } from '../../harness/place.ts';
import type { Consumer } from '../consumer.ts';
import { noOldNode, oldNode, ownNode } from '../nodes.ts';
import { startProgram } from '../program.ts';

/** What the program says at the end of its turn. */
interface Turn {
  end: { type: string };
  blocks: Block[];
  file: string;
  saved: string;
  transcript: number;
}

/** Claude on two busy cores. */
const PATIENCE_MS = 120_000;

/** The published bundle of the runner, the init of sandboxes, the relay and the simulator, all at work. */
export function describeTurns(consumer: () => Consumer): void {
  for (const node of [ownNode, oldNode]) {
    describe.skipIf(!node)(`a turn of Claude on ${node?.name ?? noOldNode}`, { timeout: PATIENCE_MS }, () => {
      it.each(ISOLATIONS)('works and is kept, in sandboxes of kind %s', async (isolation) => {
        const cwd = await mkdtemp(join(consumer().withClaude, 'run-'));
        onTestFinished(() => endAll(cwd));
        const argv = [consumer().program('strict', 'turn'), isolation, cwd];
        const program = startProgram({ node: node ?? ownNode, cwd, argv });
        onTestFinished(() => program.kill());

        const { end, blocks, file, saved, transcript } = await program.said<Turn>('turn');
        expect(end).toMatchObject({ type: 'turn:completed' });
        expect(ofType(blocks, 'tool_result').map(({ isError }) => isError)).toEqual([false, false]);
        expect(JSON.stringify(ofType(blocks, 'tool_result'))).toMatch(/v\d+\.\d+/);
        expect(textOf(blocks)).not.toBe('');
        expect({ file, saved }).toEqual({ file: 'from Claude', saved: 'from Claude' });
        expect(transcript).toBeGreaterThan(0);
        expect(await program.untilEnded()).toBe(0);
        await untilNobodyLeft(cwd);
      });
    });
  }
}
