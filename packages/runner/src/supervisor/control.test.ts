import { expect, it } from 'vitest';
import type { DriverEvent, Prompt } from '../drivers/driver.ts';
import { type ControlParts, runControl } from './control.ts';

const STEERING = {
  type: 'steer',
  commandId: 'command-1',
  turnId: 'turn-1',
  messageId: 'message-1',
  content: 'rather this',
} as const;

/** @param takes the agent's part, given what is shown so far */
async function steer(takes: (message: Prompt, shown: readonly DriverEvent[]) => Promise<void>) {
  const recorded: DriverEvent[] = [];
  const ended: string[] = [];
  await runControl(STEERING, {
    inbox: { ended: async (id: string) => void ended.push(id) },
    recorder: { record: (event: DriverEvent) => void recorded.push(event) },
    host: { current: () => ({ steer: (message: Prompt) => takes(message, recorded) }) },
    turn: { turnId: STEERING.turnId },
    log() {},
  } as unknown as ControlParts);
  return { recorded, ended };
}

it('a steering message is shown once the agent has it, not before', async () => {
  const before: DriverEvent[][] = [];
  const { recorded, ended } = await steer(async (_, shown) => {
    await new Promise(setImmediate);
    before.push([...shown]);
  });
  expect(before).toEqual([[]]);
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
