// A client as a process of its own: takes orders from its standard input, and appends everything it is shown to a file at that
// very moment, so that a kill -9 takes nothing with it. Ends with its input.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ClientOrder, ClientSetting } from '../clients/notes.ts';
import { openRecordingClient } from '../clients/recording-client.ts';

const { FAULTS_CLIENT = '', FAULTS_RECORD = '' } = process.env;
const client = openRecordingClient(JSON.parse(FAULTS_CLIENT) as ClientSetting, (note) =>
  appendFileSync(FAULTS_RECORD, `${JSON.stringify(note)}\n`),
);
createInterface({ input: process.stdin })
  .on('line', (line) => client.take(JSON.parse(line) as ClientOrder))
  // A client that was closed has nothing left that would keep the process.
  .on('close', () => client.close());
