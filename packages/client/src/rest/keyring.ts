import { AgentServerError } from '@hhopkins/agent-protocol/light';
import type { Clock } from '../support/clock.ts';
import { closedError } from '../support/closed-error.ts';

/** The key that the server is shown. */
export interface Keyring {
  /** Whether asking again may bring another key. */
  readonly canRenew: boolean;
  /** The key in use; fetched when there is none yet. `undefined` when the server needs none. */
  current(): Promise<string | undefined>;
  /** Another key in the place of `refused`, which the server did not take. Asked for once, however many ask. */
  renew(refused: string | undefined): Promise<string | undefined>;
  close(): void;
}

export interface KeyringOptions {
  apiKey?: string | undefined;
  getToken?: (() => string | Promise<string>) | undefined;
  clock: Clock;
  /** How long `getToken` may take, milliseconds. */
  deadlineMs: number;
}

export function createKeyring({ apiKey, getToken, clock, deadlineMs }: KeyringOptions): Keyring {
  if (!getToken) {
    return { canRenew: false, current: async () => apiKey, renew: async () => apiKey, close() {} };
  }
  let token: string | undefined;
  let asking: Promise<string> | undefined;
  let giveUp = (_: AgentServerError) => {};

  /** One that hangs or fails is forgotten, so that the next one is asked anew. */
  const ask = (): Promise<string> => {
    asking ??= new Promise<string>((resolve, reject) => {
      giveUp = reject;
      const cancel = clock.schedule(deadlineMs, () =>
        reject(new AgentServerError('timeout', `getToken took longer than ${deadlineMs} ms.`)),
      );
      Promise.resolve().then(getToken).then(resolve, reject).finally(cancel);
    })
      .then((given) => {
        token = given;
        return given;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };

  return {
    canRenew: true,
    current: async () => token ?? ask(),
    renew: async (refused) => (token !== undefined && token !== refused ? token : ask()),
    close: () => giveUp(closedError()),
  };
}
