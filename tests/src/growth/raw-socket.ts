import type { ClientFrame, ServerFrame } from '@hhopkins/agent-protocol';
import WebSocket from 'ws';
import { within } from '../harness/deadline.ts';

/** A WebSocket whose every move a test makes itself: it acknowledges nothing, and reads only while it is not paused. */
export interface RawSocket {
  /** What came, in order. */
  readonly frames: readonly ServerFrame[];
  send(frame: ClientFrame): void;
  /** The first frame that fits, come already or yet to come. */
  until<Type extends ServerFrame['type']>(
    type: Type,
    fits?: (frame: Extract<ServerFrame, { type: Type }>) => boolean,
  ): Promise<Extract<ServerFrame, { type: Type }>>;
  /** Takes nothing more from the network. */
  pause(): void;
  resume(): void;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  drop(): void;
}

/** Connects; resolves once the server is ready for frames. */
export async function openRawSocket(url: string): Promise<RawSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  const frames: ServerFrame[] = [];
  const listeners = new Set<() => void>();
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)) as ServerFrame);
    for (const look of listeners) look();
  });
  const until: RawSocket['until'] = (type, fits = () => true) => {
    let look = () => {};
    const found = new Promise<never>((resolve) => {
      look = () => {
        const frame = frames.find((each) => each.type === type && fits(each as never));
        if (frame) resolve(frame as never);
      };
      listeners.add(look);
      look();
    });
    return within(`a frame ${type}`, found).finally(() => listeners.delete(look));
  };
  await until('ready');
  return {
    frames,
    until,
    closed,
    send: (frame) => socket.send(JSON.stringify(frame)),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    drop: () => socket.terminate(),
  };
}
