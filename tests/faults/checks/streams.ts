import { isDeepStrictEqual } from 'node:util';
import {
  type GetSessionResponse,
  initialState,
  parseEvent,
  reduce,
  type SessionEvent,
  type SessionState,
} from '@hhopkins/agent-protocol';
import type { FaultClient } from '../clients/client.ts';
import type { ClientView } from '../clients/notes.ts';
import { doubled, type Finding, findingOf, lost } from '../finding.ts';
import type { Scene } from '../scene.ts';
import type { FaultSession } from '../session.ts';
import { until } from '../wait.ts';

/** What everybody says of a session at the same moment of its stream. */
interface Comparison {
  stored: readonly SessionEvent[];
  told: GetSessionResponse;
  views: readonly ClientView[];
}

/** What the clients of a session saw and show, held against the log in the store, and the state that the server tells. */
export async function checkStreams(scene: Scene, session: FaultSession, boundMs: number): Promise<Finding[]> {
  const { findings, stored, told, views } = await compareAtRest(scene, session, boundMs);
  findings.push(...sequence(stored));
  const state = reduction(session.id, stored);
  findings.push(...differences('told', told, state));
  for (const [index, client] of session.clients.entries()) {
    const { cursor, optimistic, state: shown } = views[index] as ClientView;
    findings.push(...checkClient(client, session.id, stored));
    findings.push(...differences(`that ${client.name} shows`, shown, state));
    if (cursor?.streamId !== told.streamId)
      findings.push(lost(`${client.name} follows stream ${cursor?.streamId}, which is ${told.streamId}`));
    if (optimistic.length > 0)
      findings.push(lost(`${client.name} shows as under way what was answered: ${optimistic.join(', ')}`));
  }
  return findings;
}

/** Waits until clients, server and log stand at the same event; not for a client that is beyond the log, which says enough. */
async function compareAtRest(scene: Scene, session: FaultSession, boundMs: number) {
  const { id, clients } = session;
  let last: Comparison | undefined;
  const look = async () => {
    const views = await Promise.all(clients.map((client) => client.view(boundMs)));
    const told = await scene.rest.get(id);
    const stored = readLog(scene, id);
    last = { stored, told, views };
    const heads = [told.seq, ...views.map(({ cursor }) => cursor?.seq ?? 0), ...clients.map(headOf)];
    const areSame = heads.every((seq) => seq === stored.length) && views.every(isLive);
    return areSame || heads.some((seq) => seq > stored.length);
  };
  try {
    await until(`all clients of session ${id} at the head`, boundMs, look);
  } catch (error) {
    if (last) return { ...(last as Comparison), findings: [findingOf(error)] };
    throw error;
  }
  return { ...(last as unknown as Comparison), findings: [] as Finding[] };
}

const isLive = ({ status }: ClientView): boolean => status === 'live';
const headOf = ({ lives }: FaultClient): number => lives.at(-1)?.seen.cursor?.seq ?? 0;

function readLog(scene: Scene, sessionId: string): SessionEvent[] {
  return scene.store
    .query<{ event: string }>('SELECT event FROM agent_events WHERE session_id = ? ORDER BY seq', sessionId)
    .map(({ event }) => parseEvent(JSON.parse(event)));
}

function sequence(stored: readonly SessionEvent[]): Finding[] {
  const wrong = stored.findIndex(({ seq }, index) => seq !== index + 1);
  return wrong === -1 ? [] : [lost(`the log has event ${stored[wrong]?.seq} in place ${wrong + 1}`)];
}

/** In each of its lives a client got one state, the true one, and from there on each event once. */
export function checkClient(
  client: FaultClient,
  sessionId: string,
  stored: readonly SessionEvent[],
): Finding[] {
  const findings = client.complaints.map((what) => lost(`${client.name}: ${what}`));
  for (const [index, { seen, beginning }] of client.lives.entries()) {
    const { faults, events } = seen;
    const name = client.lives.length === 1 ? client.name : `${client.name} in life ${index + 1}`;
    findings.push(...faults.map((fault) => faultOf(name, fault)));
    const from = beginning?.seq ?? 0;
    if (beginning) {
      const state = reduction(sessionId, stored.slice(0, from));
      findings.push(...differences(`that ${name} began with`, beginning, state));
    }
    findings.push(...compare(name, events, stored.slice(from)));
    const isPresent = index === client.lives.length - 1;
    if (isPresent && from + events.length < stored.length)
      findings.push(lost(`${name} saw ${from + events.length} of ${stored.length} events`));
  }
  return findings;
}

/** What a witness complained of, as what it means: an event again, or something that is missing. */
function faultOf(name: string, fault: string): Finding {
  const [, seq, before] = /^event (\d+) came after (\d+)/.exec(fault) ?? [];
  const line = `${name}: ${fault}`;
  return seq !== undefined && Number(seq) <= Number(before) ? doubled(line) : lost(line);
}

function compare(name: string, seen: readonly SessionEvent[], stored: readonly SessionEvent[]): Finding[] {
  const wrong = seen.findIndex((event, index) => !isDeepStrictEqual(event, stored[index]));
  if (wrong === -1) return [];
  const [saw, has] = [seen[wrong], stored[wrong]].map((event) => JSON.stringify(event)?.slice(0, 200));
  return [lost(`${name} saw ${saw}, the log has ${has ?? 'nothing'}`)];
}

function reduction(sessionId: string, events: readonly SessionEvent[]): SessionState {
  return events.reduce(reduce, initialState(sessionId));
}

function differences(which: string, is: object, expected: SessionState): Finding[] {
  return (['session', 'conversation', 'files'] as const).flatMap((part) =>
    isDeepStrictEqual(plain((is as SessionState)[part]), plain(expected[part]))
      ? []
      : [lost(`the ${part} ${which} is not the reduction`)],
  );
}

/** As it comes over the wire. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
