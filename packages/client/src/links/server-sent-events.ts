/** One server-sent event, as the standard has it read. */
export interface ServerSentEvent {
  event: string;
  data: string;
}

export interface EventDecoder {
  /** The events that `text` completes, whatever the chunk borders. Comments are skipped. */
  push(text: string): ServerSentEvent[];
}

export function createEventDecoder(): EventDecoder {
  let rest = '';
  let event = '';
  let data: string[] = [];

  return {
    push(text) {
      const events: ServerSentEvent[] = [];
      // A long line comes in many chunks: none of it is looked at twice.
      if (!/[\r\n]/.test(text) && !rest.endsWith('\r')) {
        rest += text;
        return events;
      }
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) events.push({ event: event || 'message', data: data.join('\n') });
          event = '';
          data = [];
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') event = value;
        else if (field === 'data') data.push(value);
      }
      return events;
    },
  };
}
