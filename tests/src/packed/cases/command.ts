import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { endAll, untilNobodyLeft } from '../../harness/census.ts';
import { eventually } from '../../harness/deadline.ts';
import { restClient } from '../../harness/rest-client.ts';
import type { Consumer } from '../consumer.ts';
import { ownNode } from '../nodes.ts';
import { startProgram } from '../program.ts';

const LISTENING = /is listening on (http:\/\/\S+)/;

export function describeCommand(consumer: () => Consumer): void {
  it('the installed agent-server command serves, and Ctrl-C ends all that it started', async () => {
    const cwd = await mkdtemp(join(consumer().folder, 'run-'));
    const program = startProgram({
      node: ownNode,
      cwd,
      argv: [join(consumer().folder, 'node_modules/.bin/agent-server')],
      environment: { PORT: '0', ORPHAN_TTL_MS: '60000' },
    });
    onTestFinished(() => {
      program.kill();
      endAll(cwd);
    });
    const url = await eventually('the server listens', () => LISTENING.exec(program.output())?.[1]);
    const { status, body } = await restClient(() => url).ask('GET', '/health');
    expect({ status, body }).toMatchObject({ status: 200, body: { durability: 'store' } });

    program.kill('SIGINT');
    expect(await program.untilEnded()).toBe(0);
    expect(program.output()).toContain('Everything it started has ended.');
    await untilNobodyLeft(cwd);
  });
}
