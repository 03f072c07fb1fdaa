import type { DriverEvent } from '../drivers/driver.ts';
import { createDeltaJoiner } from '../journal/delta-joiner.ts';
import type { Journal } from '../journal/journal.ts';
import { storablePayload } from '../journal/payload.ts';

/** Writes what drivers and the supervisor say to the journal: joined, made storable, with time and turn. */
export interface Recorder {
  /** Written soon. When the journal is full it is dropped, and `onFull` is called. */
  record(event: DriverEvent): void;
  /** Written at once, after everything recorded before. False when the journal is full. */
  write(event: DriverEvent): boolean;
  /** Written even when the journal is full. For ends of turns. @param maximumBytes of the payload */
  writeFromReserve(event: DriverEvent, maximumBytes?: number): void;
  /** Writes what is held back. */
  settle(): void;
}

export interface RecorderOptions {
  journal: Journal;
  coalesceMs: number;
  /** The turn that events are of which do not name one. */
  turnId(): string | undefined;
  onFull(): void;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const { journal } = options;

  const append = (event: DriverEvent, maximumBytes?: number, reserve = false): boolean => {
    const turnId = event.turnId ?? options.turnId();
    return journal.append(
      {
        type: event.type,
        payload: storablePayload(event.payload, maximumBytes),
        conversationId: event.conversationId,
        ...(turnId === undefined ? {} : { turnId }),
        timestamp: new Date().toISOString(),
      },
      { reserve },
    );
  };

  const joiner = createDeltaJoiner(options.coalesceMs, (event) => {
    if (!append(event)) options.onFull();
  });

  return {
    record: (event) => joiner.push(event),
    write(event) {
      joiner.flush();
      return append(event);
    },
    writeFromReserve(event, maximumBytes) {
      joiner.flush();
      append(event, maximumBytes, true);
    },
    settle: () => joiner.flush(),
  };
}
