import assert from 'node:assert/strict';
import type { CommandRecord, EventLog } from '@hhopkins/agent-core';
import type { Case } from '../../kit.ts';
import { assertSame } from '../../persistence/assertions.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import { newId, ODD_TEXTS } from '../../persistence/samples.ts';
import {
  appendEvents,
  assertRefusedBatch,
  batchOf,
  newWriter,
  nextEvents,
  readEvents,
  sampleCommand,
  type Writer,
} from '../samples.ts';

const find = (eventLog: EventLog, { sessionId }: Writer, { principal, commandId }: CommandRecord) =>
  eventLog.findCommand(sessionId, principal, commandId);

const openIds = async (eventLog: EventLog, { sessionId }: Writer) =>
  (await eventLog.openCommands(sessionId)).map(({ commandId }) => commandId);

/** What is asked of commands. */
export const commandCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    id: 'command-round-trip',
    title: 'a command is found as it was stored, with its events or without',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const commands = [
        sampleCommand(),
        sampleCommand({ lane: 'control', state: 'taken', command: { texts: [...ODD_TEXTS] }, result: null }),
        sampleCommand({
          commandId: `${newId('key')} '%_日本`,
          principal: "o'brien",
          command: 'text',
          result: [1, { a: null }],
        }),
      ];
      await appendEvents(eventLog, writer, 1, { newCommands: commands.slice(0, 1) });
      await appendEvents(eventLog, writer, 0, { newCommands: commands.slice(1, 2) });
      await appendEvents(eventLog, writer, 2, { commands: commands.slice(2) });
      for (const command of commands)
        assertSame(await find(eventLog, writer, command), command, 'the command');
      assertSame(await eventLog.openCommands(writer.sessionId), commands, 'the open commands');
    },
  },
  {
    id: 'command-duplicate',
    title: 'when a command that must be new is known, nothing of the batch is committed',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const known = sampleCommand();
      await appendEvents(eventLog, writer, 1, { newCommands: [known] });
      const other = sampleCommand();
      const batch = batchOf(writer, nextEvents(writer, 2), {
        newCommands: [other, { ...known, bodyHash: 'b'.repeat(64), result: 'another' }],
        commands: [{ ...known, state: 'ended' }],
        journal: { id: 'journal-1', offset: 3 },
      });
      await assertRefusedBatch(eventLog, batch, 'duplicate_command');
      assertSame(await find(eventLog, writer, known), known, 'the known command');
      assert.equal(await find(eventLog, writer, other), null, 'another new command of the refused batch');
      assert.equal((await readEvents(eventLog, writer.sessionId)).events.length, 1);
      assert.equal((await eventLog.stream(writer.sessionId))?.journal, null);
      await appendEvents(eventLog, writer, 1, { commands: [{ ...known, state: 'ended' }] });
      await assertRefusedBatch(eventLog, batchOf(writer, [], { newCommands: [known] }), 'duplicate_command');
    },
  },
  {
    id: 'command-state',
    title: 'of a known command only state and result change',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const command = sampleCommand();
      await appendEvents(eventLog, writer, 1, { newCommands: [command] });
      for (const state of ['taken', 'started', 'ended'] as const) {
        const result = { at: state };
        const change = {
          ...command,
          state,
          result,
          lane: 'control',
          bodyHash: 'changed',
          command: 'changed',
        } as const;
        await appendEvents(eventLog, writer, 1, { commands: [change] });
        assertSame(
          await find(eventLog, writer, command),
          { ...command, state, result },
          `the command once ${state}`,
        );
      }
    },
  },
  {
    id: 'command-open',
    title: 'open commands are those that have not ended, the oldest first, whatever changed since',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const commands = Array.from({ length: 6 }, () => sampleCommand()) as [
        CommandRecord,
        CommandRecord,
        CommandRecord,
        CommandRecord,
        CommandRecord,
        CommandRecord,
      ];
      await appendEvents(eventLog, writer, 1, { newCommands: commands.slice(0, 2) });
      for (const command of commands.slice(2))
        await appendEvents(eventLog, writer, 0, { newCommands: [command] });
      const [a, b, c, d, e, f] = commands;
      await appendEvents(eventLog, writer, 1, {
        commands: [
          { ...a, state: 'started' },
          { ...b, state: 'ended' },
          { ...e, state: 'ended' },
          { ...c, state: 'taken' },
        ],
      });
      assertSame(
        await openIds(eventLog, writer),
        [a, c, d, f].map(({ commandId }) => commandId),
        'open commands',
      );
      assert.equal((await find(eventLog, writer, b))?.state, 'ended', 'an ended command is still found');
    },
  },
  {
    id: 'command-apart',
    title: 'the same id of another principal or session is another command',
    async run({ adapter: { eventLog } }) {
      const [writer, neighbour] = [newWriter(), newWriter()];
      const mine = sampleCommand({ principal: 'anna' });
      const theirs = { ...mine, principal: 'bert', result: 'of bert' };
      const elsewhere = { ...mine, result: 'of another session' };
      await appendEvents(eventLog, writer, 1, { newCommands: [mine, theirs] });
      await appendEvents(eventLog, neighbour, 1, { newCommands: [elsewhere] });
      await appendEvents(eventLog, neighbour, 0, { commands: [{ ...elsewhere, state: 'ended' }] });
      assertSame(await find(eventLog, writer, mine), mine, 'the command');
      assertSame(await find(eventLog, writer, theirs), theirs, 'that of another principal');
      assertSame(await openIds(eventLog, neighbour), [], 'open commands of the other session');
      assert.equal(await find(eventLog, neighbour, theirs), null);
    },
  },
];
