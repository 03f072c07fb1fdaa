import { isDeepStrictEqual } from 'node:util';
import { parseEvent, type SessionEvent } from '@hhopkins/agent-protocol';
import { doubled, type Finding, lost } from '../finding.ts';
import type { Scene } from '../scene.ts';
import type { FaultSession } from '../session.ts';
import type { AuditLine } from '../store-fault.ts';

/** What the clients of a session saw, held against each other, the log in the store, and the state that the server tells. */
export async function checkStreams(scene: Scene, session: FaultSession): Promise<Finding[]> {
  const { seen, alsoSeen, id } = session;
  const stored = readLog(scene, id);
  const { session: told, conversation, seq, streamId } = await scene.rest.get(id);
  const findings = [
    ...faultsOf('WebSocket', seen.faults),
    ...faultsOf('SSE', alsoSeen.faults),
    ...sequence(stored),
    ...compare('the WebSocket client', seen.events, stored),
    ...compare('the SSE client', alsoSeen.events, stored),
  ];
  if (seen.cursor?.streamId !== streamId)
    findings.push(lost(`the stream ${seen.cursor?.streamId} became ${streamId}`));
  if (seq === seen.cursor?.seq) {
    const state = seen.state();
    if (!isDeepStrictEqual(plain(told), plain(state.session)))
      findings.push(lost('the session told is not the reduction'));
    if (!isDeepStrictEqual(plain(conversation), plain(state.conversation)))
      findings.push(lost('the conversation told is not the reduction'));
  }
  return findings;
}

/** No write was let in that began after one with a higher epoch had succeeded. */
export function checkFencing(lines: readonly AuditLine[], sessionId: string): Finding[] {
  let highest = 0;
  const before = new Map<string, number>();
  return lines
    .filter((line) => line.sessionId === sessionId)
    .flatMap(({ at, call, server, method, epoch }) => {
      const key = `${server} ${call}`;
      if (at === 'begin') {
        before.set(key, highest);
        return [];
      }
      highest = Math.max(highest, epoch);
      const known = before.get(key) ?? 0;
      return epoch < known
        ? [doubled(`${method} with epoch ${epoch} was let in after one with epoch ${known}`)]
        : [];
    });
}

function readLog(scene: Scene, sessionId: string): SessionEvent[] {
  return scene.store
    .query<{ event: string }>('SELECT event FROM agent_events WHERE session_id = ? ORDER BY seq', sessionId)
    .map(({ event }) => parseEvent(JSON.parse(event)));
}

/** What a witness complained of, as what it means: an event again, or something that is missing. */
function faultsOf(client: string, faults: readonly string[]): Finding[] {
  return faults.map((fault) => {
    const [, seq, before] = /^event (\d+) came after (\d+)/.exec(fault) ?? [];
    const line = `${client}: ${fault}`;
    return seq !== undefined && Number(seq) <= Number(before) ? doubled(line) : lost(line);
  });
}

function sequence(stored: readonly SessionEvent[]): Finding[] {
  const wrong = stored.findIndex(({ seq }, index) => seq !== index + 1);
  return wrong === -1 ? [] : [lost(`the log has event ${stored[wrong]?.seq} in place ${wrong + 1}`)];
}

function compare(client: string, seen: readonly SessionEvent[], stored: readonly SessionEvent[]): Finding[] {
  const wrong = seen.findIndex((event, index) => !isDeepStrictEqual(event, stored[index]));
  if (wrong !== -1) {
    const [saw, has] = [seen[wrong], stored[wrong]].map((event) => JSON.stringify(event)?.slice(0, 200));
    return [lost(`${client} saw ${saw}, the log has ${has ?? 'nothing'}`)];
  }
  if (seen.length < stored.length) return [lost(`${client} saw ${seen.length} of ${stored.length} events`)];
  return [];
}

/** As it comes over the wire. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
