import type { AgentServerError, ClientFrame, ServerFrame } from '@hhopkins/agent-protocol';
import type { LinkEnd } from '../connection/machine.ts';

/** A way to the server that carries the frames of the protocol, whatever it is made of. */
export interface Link {
  send(frame: ClientFrame): void;
  /** Lets go of it at once. None of its events comes any more. */
  close(): void;
}

export interface LinkEvents {
  /** Frames may be sent. */
  ready(): void;
  /** @param size of the frame, characters */
  frame(frame: ServerFrame, size: number): void;
  /** It is over, by itself. Nothing comes after it. */
  ended(why: LinkEnd, error: AgentServerError | undefined): void;
}
