import type { SandboxCapabilities, SandboxProvider } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';

/** What `RuntimeConfig.modal` says. */
export interface ModalCredentials {
  tokenId: string;
  tokenSecret: string;
  appName: string;
}

const PACKAGE = '@hhopkins/agent-sandbox-modal';

/** Nothing is promised by a package that is not there. */
const NO_CAPABILITIES: SandboxCapabilities = {
  isolation: 'microvm',
  survivesServer: false,
  mounts: false,
  networkNone: false,
  limits: { memory: false, processes: false, cpu: false },
};

/** Sandboxes on Modal. The package is loaded, and Modal called, when the first session needs one. */
export function modalSandboxes(credentials: ModalCredentials): SandboxProvider {
  let loading: Promise<SandboxProvider> | undefined;
  let usable = false;
  const load = async (): Promise<SandboxProvider> => {
    loading ??= import(PACKAGE).then(
      (loaded: { modal(credentials: ModalCredentials): SandboxProvider }) => loaded.modal(credentials),
      (cause: unknown) => {
        loading = undefined;
        const message = `The configuration asks for Modal sandboxes; that needs: npm install ${PACKAGE}`;
        throw new AgentServerError('sandbox_unavailable', message, { cause });
      },
    );
    return loading;
  };
  return {
    name: 'modal',
    isolation: 'microvm',
    async check() {
      try {
        return await (await load()).check();
      } catch (error) {
        return { ok: false, capabilities: NO_CAPABILITIES, problems: [AgentServerError.from(error).message] };
      }
    },
    async ready() {
      if (usable) return;
      const { ok, problems } = await (await load()).check();
      if (!ok) throw new AgentServerError('sandbox_unavailable', `Modal: ${problems.join(' ')}`);
      usable = true;
    },
    create: async (spec) => (await load()).create(spec),
    attach: async (sandboxId) => (await load()).attach(sandboxId),
    list: async (filter) => (await load()).list(filter),
    close: async () => {
      await (await loading)?.close?.();
    },
  };
}
