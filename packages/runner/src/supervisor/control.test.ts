import { expect, it } from 'vitest';
import type { AgentDriver, DriverEvent } from '../drivers/driver.ts';
import { type ControlParts, runControl } from './control.ts';

const STEERING = {
  type: 'steer',
  commandId: 'command-1',
  turnId: 'turn-1',
  messageId: 'message-1',
  content: 'rather this',
} as const;

async function steer(takes: NonNullable<AgentDriver['steer']>) {
  const recorded: DriverEvent[] = [];
  const ended: string[] = [];
  await runControl(STEERING, {
    inbox: { ended: async (id: string) => void ended.push(id) },
    recorder: { record: (event: DriverEvent) => void recorded.push(event) },
    host: { current: () => ({ steer: takes }) },
    turn: { turnId: STEERING.turnId },
    log() {},
  } as unknown as ControlParts);
  return { recorded, ended };
}

it('a steering message is shown once the agent has it', async () => {
  const { recorded, ended } = await steer(async () => {});
  expect(recorded).toMatchObject([{ type: 'block:upsert', payload: { block: { id: STEERING.messageId } } }]);
  expect(ended).toEqual([STEERING.commandId]);
});

it('a steering message that the agent does not take is not shown, so that it is given a turn of its own', async () => {
  const { recorded, ended } = await steer(async () => {
    throw new Error('There is no turn to steer');
  });
  expect(recorded).toEqual([]);
  expect(ended).toEqual([STEERING.commandId]);
});
