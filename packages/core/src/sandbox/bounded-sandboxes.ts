import { AgentServerError, type ErrorCode } from '@hhopkins/agent-protocol';
import type { Clock } from '../ports/runtime.ts';
import type { Sandbox, SandboxProvider } from '../ports/sandbox.ts';
import { withDeadline } from '../support/deadline.ts';

const DEADLINES_MS = { find: 60_000, look: 30_000, exec: 60_000, transfer: 300_000, terminate: 60_000 };

/** What the engine uses of a provider. */
export type BoundedSandboxes = Pick<
  SandboxProvider,
  'name' | 'isolation' | 'ready' | 'create' | 'attach' | 'list'
>;

/**
 * The same provider, whose every call ends in time. What a provider throws in words of its own gets a code, and a sandbox
 * that comes too late is ended again.
 */
export function boundSandboxes(provider: SandboxProvider, clock: Clock, createMs: number): BoundedSandboxes {
  const bounded = async <Value>(
    what: string,
    milliseconds: number,
    code: ErrorCode,
    work: Promise<Value>,
  ): Promise<Value> => {
    try {
      return await withDeadline(clock, milliseconds, what, work, code);
    } catch (error) {
      if (AgentServerError.isInstance(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new AgentServerError(code, `${what} failed: ${reason}`, { cause: error });
    }
  };

  const boundSandbox = (sandbox: Sandbox): Sandbox => {
    const { find: _find, ...limits } = DEADLINES_MS;
    return {
      id: sandbox.id,
      provider: sandbox.provider,
      layout: sandbox.layout,
      info: () => bounded('Looking at the sandbox', limits.look, 'sandbox_unavailable', sandbox.info()),
      exec: (argv, options) =>
        bounded(
          'Starting a program in the sandbox',
          limits.exec,
          'connection_lost',
          sandbox.exec(argv, options),
        ),
      putTar: (path, tar) =>
        bounded(
          'Putting files into the sandbox',
          limits.transfer,
          'connection_lost',
          sandbox.putTar(path, tar),
        ),
      getTar: (path) =>
        bounded('Getting files from the sandbox', limits.transfer, 'connection_lost', sandbox.getTar(path)),
      terminate: () =>
        bounded('Ending the sandbox', limits.terminate, 'sandbox_unavailable', sandbox.terminate()),
    };
  };

  return {
    name: provider.name,
    isolation: provider.isolation,
    async ready() {
      if (!provider.ready) return;
      await bounded(`Reaching ${provider.name}`, DEADLINES_MS.find, 'sandbox_unavailable', provider.ready());
    },
    async create(spec) {
      const making = provider.create(spec);
      try {
        return boundSandbox(await bounded('A sandbox', createMs, 'sandbox_unavailable', making));
      } catch (error) {
        making.then((late) => late.terminate()).catch(() => {});
        throw error;
      }
    },
    async attach(sandboxId) {
      const finding = provider.attach(sandboxId);
      return boundSandbox(
        await bounded('Finding the sandbox', DEADLINES_MS.find, 'sandbox_unavailable', finding),
      );
    },
    list: (filter) =>
      bounded('Listing sandboxes', DEADLINES_MS.find, 'sandbox_unavailable', provider.list(filter)),
  };
}
