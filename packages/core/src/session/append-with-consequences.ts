import { adopt, forgetUnstored } from './activity.ts';
import { consequencesOf } from './consequences.ts';
import type { SessionContext } from './session-context.ts';

/** Appends events with all that follows from them. */
export function createAppend(context: () => SessionContext): SessionContext['append'] {
  return async ({ events, commands = [], newCommands = [], ...rest }) => {
    const { stream, event } = context();
    const more = consequencesOf(stream.latest(), events, context(), event);
    // A turn is in the latest state from here on: whatever ends it must find its command.
    const turns = [...more.commands, ...newCommands].filter(
      ({ lane, state }) => lane === 'turns' && state === 'queued',
    );
    for (const turn of turns) adopt(context(), turn);
    try {
      return await stream.append({
        ...rest,
        events: [...events, ...more.events],
        commands: [...commands, ...more.commands],
        newCommands,
      });
    } catch (error) {
      for (const turn of turns) forgetUnstored(context(), turn);
      throw error;
    }
  };
}
