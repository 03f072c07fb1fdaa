import type { RunnerCommand } from '@hhopkins/agent-protocol';
import type { Inbox } from '../inbox/inbox.ts';
import type { AgentHost } from './agent-host.ts';
import type { Recorder } from './recorder.ts';
import type { TurnRun } from './turn-run.ts';
import { userMessage } from './user-message.ts';

export type ControlCommand = Exclude<RunnerCommand, { type: 'turn' }>;

export interface ControlParts {
  inbox: Inbox;
  recorder: Recorder;
  host: AgentHost;
  /** The turn that runs. */
  turn: TurnRun | undefined;
  log(level: 'warn' | 'error', message: string): void;
}

/** Carries out a command of the control lane. What it is about may be over: then nothing happens. */
export async function runControl(command: ControlCommand, parts: ControlParts): Promise<void> {
  try {
    await carryOut(command, parts);
  } catch (error) {
    parts.log('warn', `${command.type} ${command.commandId}: ${(error as Error).message}`);
  }
  await parts.inbox.ended(command.commandId).catch((error: Error) => parts.log('error', error.message));
}

async function carryOut(command: ControlCommand, { host, recorder, turn }: ControlParts): Promise<void> {
  const driver = host.current();
  switch (command.type) {
    case 'interrupt':
      if (turn?.turnId === command.turnId) turn.interrupt();
      return;
    case 'permission': {
      const { requestId, decision, message, updatedInput } = command;
      return driver?.answerPermission(requestId, { decision, message, updatedInput });
    }
    case 'question':
      return driver?.answerQuestion(command.requestId, command.answers);
    case 'steer': {
      const { turnId, messageId, content } = command;
      if (turn?.turnId !== turnId || !driver?.steer) return;
      // One that came too late for the agent is not shown, and so is given a turn of its own.
      await driver.steer({ turnId, messageId, content });
      recorder.record(userMessage({ turnId, messageId, content }));
      return;
    }
  }
}
