import type { ServerFrame, SessionEvent } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeSession, logDraft } from '../../test/support/fake-session.ts';
import { hear, type Replica, type StreamFrame } from './replica.ts';

const session = createFakeSession('s');
session.emit(...Array.from({ length: 12 }, (_, index) => logDraft(`event ${index}`)));
const { streamId } = session;

const events = (from: number, to: number): StreamFrame => ({
  type: 'events',
  sessionId: 's',
  events: session.events.slice(from, to),
});
const at = (seq: number): Replica => ({ cursor: { streamId, seq }, state: session.state(seq) });

describe('a replica', () => {
  it('begins with the snapshot of a subscription', () => {
    const frame: StreamFrame = {
      type: 'subscribed',
      sessionId: 's',
      streamId,
      seq: 5,
      snapshot: session.snapshot(5),
    };
    expect(hear(undefined, frame).replica).toEqual(at(5));
  });

  it('takes each event in once, in order, and tells those that were new', () => {
    const heard = hear(at(5), events(2, 9));
    expect(heard.replica).toEqual(at(9));
    expect(heard.events.map(({ seq }) => seq)).toEqual([6, 7, 8, 9]);
  });

  it('is the same object when there was nothing new', () => {
    const replica = at(5);
    expect(hear(replica, events(0, 5)).replica).toBe(replica);
  });

  it('stops before a gap, and says so', () => {
    const frame: StreamFrame = {
      type: 'events',
      sessionId: 's',
      events: [...session.events.slice(5, 7), ...session.events.slice(8)],
    };
    expect(hear(at(5), frame)).toMatchObject({ replica: at(7), broken: 'gap' });
  });

  it('cannot go on in another stream', () => {
    const frame: StreamFrame = { type: 'subscribed', sessionId: 's', streamId: 'another', seq: 5 };
    expect(hear(at(5), frame)).toMatchObject({ replica: at(5), broken: 'stream' });
  });

  it('begins again with a reset', () => {
    expect(hear(at(9), { type: 'reset', sessionId: 's', snapshot: session.snapshot(3) }).replica).toEqual(
      at(3),
    );
  });

  it('is a true one whatever arrives how often in whatever order', () => {
    const slices = fc.tuple(fc.nat(12), fc.nat(12)).map(([from, to]) => events(from, to));
    fc.assert(
      fc.property(fc.nat(12), fc.array(slices, { maxLength: 20 }), (start, frames) => {
        let replica: Replica | undefined = at(start);
        const told: number[] = [];
        for (const frame of frames as Extract<ServerFrame, { type: 'events' }>[]) {
          const heard = hear(replica, frame);
          replica = heard.replica;
          told.push(...heard.events.map((event: SessionEvent) => event.seq));
        }
        expect(replica).toEqual(at(replica?.cursor.seq ?? -1));
        expect(told).toEqual(Array.from(told, (_, index) => start + index + 1));
      }),
    );
  });
});
