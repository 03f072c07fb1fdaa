import { type Clock, pause } from '@hhopkins/agent-core';
import type { ServerFrame } from '@hhopkins/agent-protocol';
import { OPEN, type Socket } from './socket.ts';

/** The way out of a socket, and how full it is. */
export interface Outbox {
  /** An answer to the client's own frames. */
  send(frame: ServerFrame): void;
  /** A frame of a stream, as JSON already. */
  sendText(text: string): void;
  /** Of answers that were not taken yet. */
  readonly answerBytes: number;
  readonly bufferedBytes: number;
  /** Something was taken or acknowledged: whoever waits for room looks again. */
  moved(): void;
  /** Waits until `isFree`, which is asked anew whenever something moved. False when `milliseconds` went by first. */
  waitUntil(isFree: () => boolean, milliseconds: number): Promise<boolean>;
}

export function createOutbox(socket: Socket, clock: Clock): Outbox {
  let waiting: (() => void)[] = [];
  const moved = () => {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };

  let answerBytes = 0;
  const sendText = (text: string, taken: () => void = moved) => {
    // A frame for a socket that is closing has nobody to read it.
    if (socket.readyState === OPEN) socket.send(text, taken);
  };

  return {
    sendText: (text) => sendText(text),
    send(frame) {
      const text = JSON.stringify(frame);
      answerBytes += text.length;
      sendText(text, () => {
        answerBytes -= text.length;
        moved();
      });
    },
    get answerBytes() {
      return answerBytes;
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    moved,
    async waitUntil(isFree, milliseconds) {
      const deadline = clock.now() + milliseconds;
      while (!isFree()) {
        const left = deadline - clock.now();
        if (left <= 0) return false;
        const given = new AbortController();
        waiting.push(() => given.abort());
        await pause(clock, left, given.signal);
      }
      return true;
    },
  };
}
