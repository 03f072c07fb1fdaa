import type { PendingEvent, RunnerCommand, SessionState } from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import type { EventFactory } from './engine-event.ts';

type SteerCommand = Extract<RunnerCommand, { type: 'steer' }>;

export interface OpenCommands {
  readonly turnCommands: ReadonlyMap<string, CommandRecord>;
  /** Control commands that wait, steering messages among them. */
  readonly controls: readonly CommandRecord[];
  /** Steering messages that the runner took. */
  readonly steers: ReadonlyMap<string, CommandRecord>;
}

/**
 * What must be stored together with events: how far the commands have come that they are about, and a turn of its own for
 * every steering message that its turn ended without.
 */
export function consequencesOf(
  state: SessionState,
  events: readonly PendingEvent[],
  open: OpenCommands,
  event: EventFactory,
): { events: PendingEvent[]; commands: CommandRecord[] } {
  const commands = new Map<CommandRecord, CommandRecord>();
  const move = (command: CommandRecord | undefined, to: CommandRecord['state']) => {
    if (command) commands.set(command, { ...command, state: to });
  };
  const queued: PendingEvent[] = [];
  const began: CommandRecord[] = [];
  const terminates = events.some(({ type }) => type === 'session:terminated');
  const shown = new Set(
    events.flatMap(({ type, payload }) => (type === 'block:upsert' ? [payload.block.id] : [])),
  );

  const endTurn = (turnId: string): void => {
    move(open.turnCommands.get(turnId), 'ended');
    for (const steer of [...open.steers.values(), ...open.controls]) {
      const command = steer.command as RunnerCommand;
      if (command.type !== 'steer' || command.turnId !== turnId || commands.has(steer)) continue;
      move(steer, 'ended');
      const seen = shown.has(command.messageId) || isShown(state, command.messageId);
      if (seen || terminates) continue;
      const turn = turnOf(command, event);
      queued.push(turn.event);
      began.push(turn.command);
    }
  };

  for (const { type, payload } of events) {
    if (type === 'turn:started') move(open.turnCommands.get(payload.turnId), 'started');
    else if (type === 'turn:completed' || type === 'turn:failed' || type === 'turn:interrupted')
      endTurn(payload.turnId);
    else if (type === 'turn:cancelled') move(open.turnCommands.get(payload.turnId), 'ended');
    else if (type === 'block:upsert') move(open.steers.get(payload.block.id), 'ended');
  }
  if (terminates) {
    for (const command of [...open.turnCommands.values(), ...open.controls, ...open.steers.values()])
      move(command, 'ended');
  }
  return { events: queued, commands: [...commands.values(), ...began] };
}

/** A steering message that cannot be steered any more, as a turn of its own. */
export function turnOf(
  { messageId, content }: Pick<SteerCommand, 'messageId' | 'content'>,
  event: EventFactory,
): { event: PendingEvent; command: CommandRecord } {
  const turnId = crypto.randomUUID();
  const command: RunnerCommand = { type: 'turn', commandId: turnId, turnId, messageId, content };
  return {
    event: event('turn:queued', { turnId, messageId, content, delivery: 'queue' }, { turnId }),
    command: {
      // Derived from the message, so that it is queued once however often this is tried.
      commandId: `queued_${messageId}`,
      principal: 'engine',
      lane: 'turns',
      state: 'queued',
      bodyHash: '',
      command,
      result: {},
    },
  };
}

/** Whether the agent's conversation has the message. */
export const isShown = ({ conversation }: SessionState, messageId: string): boolean =>
  conversation.blocks.some((block) => block.id === messageId && block.type === 'user_message');
