import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { endAll, untilNobodyLeft } from '../../harness/census.ts';
import { follow } from '../../harness/follow.ts';
import { restClient } from '../../harness/rest-client.ts';
import { createWitness } from '../../harness/witness.ts';
import type { Consumer, Style } from '../consumer.ts';
import { type NodeRuntime, noOldNode, oldNode, ownNode } from '../nodes.ts';
import { type Program, startProgram } from '../program.ts';

const VARIANTS: readonly [Style, NodeRuntime | undefined][] = [
  ['strict', ownNode],
  ['loose', ownNode],
  ['strict', oldNode],
];

/** Programs on two busy cores. */
const PATIENCE_MS = 90_000;

export function describeQuickStart(consumer: () => Consumer): void {
  for (const [style, node] of VARIANTS) {
    describe.skipIf(!node)(
      `the quick start (${style}) on ${node?.name ?? noOldNode}`,
      { timeout: PATIENCE_MS },
      () => {
        const start = (...parameters: string[]) =>
          startQuickStart(consumer(), node as NodeRuntime, style, parameters);

        it('serves REST and WebSocket on one port, and in an app of the user', async () => {
          const { url, mounted, stop } = await start();
          const [own, elsewhere] = [restClient(() => url), restClient(() => mounted)];
          const { sessionId } = await own.create({ architecture: 'claude-sdk' });

          const seen = createWitness(sessionId);
          const follower = follow('websocket', () => url, seen);
          await seen.until('session:created');
          await follower.close();

          expect(await own.ask('GET', '/health')).toMatchObject({
            status: 200,
            body: { durability: 'memory', store: 'MyStore' },
          });
          expect((await elsewhere.get(sessionId)).session.sessionId).toBe(sessionId);
          await stop();
          await expect(own.ask('GET', '/health')).rejects.toThrow();
        });

        it('tells who lacks the Claude Agent SDK how to install it', async () => {
          const { url, program, stop } = await start();
          const lastTurn = await firstTurn(url, program);
          expect(lastTurn).toMatchObject({
            outcome: 'failed',
            code: 'agent_not_installed',
            message: expect.stringMatching(/npm install @anthropic-ai\/claude-agent-sdk@\d/),
          });
          await stop();
        });

        it('calls nobody at its start, and with Modal credentials runs nowhere else', async () => {
          const { url, program, stop } = await start('--modal');
          expect(program.output()).not.toContain('dialled');
          const lastTurn = await firstTurn(url, program);
          expect(lastTurn).toMatchObject({
            outcome: 'failed',
            code: 'sandbox_unavailable',
            message: expect.stringContaining('Modal'),
          });
          await stop();
        });
      },
    );
  }
}

async function startQuickStart(consumer: Consumer, node: NodeRuntime, style: Style, parameters: string[]) {
  const cwd = await mkdtemp(join(consumer.folder, 'run-'));
  const program = startProgram({
    node,
    cwd,
    argv: [
      '--import',
      join(consumer.folder, 'dials.mjs'),
      consumer.program(style, 'quick-start'),
      ...parameters,
    ],
  });
  onTestFinished(() => {
    program.kill();
    endAll(cwd);
  });
  const { url, mounted } = await program.said<{ url: string; mounted: string }>('started');
  return {
    url,
    mounted,
    program,
    async stop() {
      program.tell('stop');
      await program.said('stopped');
      expect(await program.untilEnded()).toBe(0);
      await untilNobodyLeft(cwd);
    },
  };
}

/** The end of a new session's first turn, as REST tells it once the program's own handler was told. */
async function firstTurn(url: string, program: Program) {
  const rest = restClient(() => url);
  const { sessionId } = await rest.create({ architecture: 'claude-sdk' });
  await rest.send(sessionId, 'Hello');
  expect(await program.said('failed')).toMatchObject({ sessionId });
  return (await rest.get(sessionId)).session.lastTurn;
}
