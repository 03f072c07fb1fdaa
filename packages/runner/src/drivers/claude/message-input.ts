/** An async iterable that yields what is pushed, in order, until it is ended. */
export interface MessageInput<Message> extends AsyncIterable<Message> {
  push(message: Message): void;
  end(): void;
}

export function createMessageInput<Message>(): MessageInput<Message> {
  const waiting: Message[] = [];
  let ended = false;
  let wake = (): void => {};

  return {
    push(message) {
      waiting.push(message);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const message = waiting.shift();
        if (message !== undefined) yield message;
        else if (ended) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
