import { AgentServerError, type RunnerSetup } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { LocatedAgent, ModelAccess } from '../ports/agent.ts';
import type { Sandbox } from '../ports/sandbox.ts';
import { withDeadline } from '../support/deadline.ts';
import type { RecordKeeper } from './record-keeper.ts';

/** A session's sandbox with what its agent needs in it. */
export interface HeldSandbox {
  sandbox: Sandbox;
  /** How `agent-runner` is called inside, without its sub-command. */
  runner: readonly [string, ...string[]];
  /** The parts of the setup that depend on this sandbox. */
  access: Pick<RunnerSetup, 'environment' | 'installation' | 'relaySocket'>;
}

export interface SandboxKeeper {
  /** The sandbox that the record claims; null when there is none any more. Rejects when that cannot be told now. */
  reclaim(): Promise<HeldSandbox | null>;
  /** A new one. The claim is stored before it exists, so that it can never be an orphan unnoticed. */
  create(onProgress: (message: string, fraction?: number) => void): Promise<HeldSandbox>;
  /** Ends it, and only then gives the claim back. */
  end(sandbox: Sandbox | undefined): Promise<void>;
}

export interface SandboxKeeperOptions {
  sessionId: string;
  architecture: string;
  record: RecordKeeper;
}

export function createSandboxKeeper(parts: EngineParts, options: SandboxKeeperOptions): SandboxKeeper {
  const { sandboxes, agents, models, runner, clock, settings, deploymentId } = parts;
  const { sessionId, architecture, record } = options;

  const prepare = async (): Promise<{ agent: LocatedAgent; access: ModelAccess }> => {
    const definition = agents.get(architecture);
    if (!definition)
      throw new AgentServerError(
        'unknown_architecture',
        `No agent "${architecture}" is configured on this server`,
      );
    return { agent: await definition.locate(), access: await models.grant({ sessionId, architecture }) };
  };

  const hold = async (sandbox: Sandbox, agent: LocatedAgent, access: ModelAccess): Promise<HeldSandbox> => {
    const { layout } = sandbox;
    const mounted = layout.mounts.runner;
    const folder = mounted ?? `${layout.home}/.agent-runner`;
    return {
      sandbox,
      runner: [layout.node, `${folder}/${runner.entry}`],
      access: {
        environment: access.environment,
        installation: agent.installation(layout),
        ...(access.relaySocket ? { relaySocket: access.relaySocket(layout) } : {}),
      },
    };
  };

  const bounded = <Value>(what: string, work: Promise<Value>): Promise<Value> =>
    withDeadline(clock, settings.sandboxTimeoutMs, what, work, 'sandbox_unavailable');

  const find = async (): Promise<Sandbox | null> => {
    const claim = record.current().sandbox;
    if (!claim) return null;
    try {
      if (claim.sandboxId) return await sandboxes.attach(claim.sandboxId);
      // Only the intent is known: the server died while it was being made.
      const [made] = await sandboxes.list({ labels: { deployment: deploymentId, nonce: claim.nonce } });
      return made ? await sandboxes.attach(made.id) : null;
    } catch (error) {
      if (AgentServerError.isInstance(error) && error.code === 'sandbox_not_found') return null;
      throw error;
    }
  };

  return {
    async reclaim() {
      const sandbox = await bounded('Finding the sandbox again', find());
      if (!sandbox) return null;
      const info = await bounded('Looking at the sandbox', sandbox.info()).catch(() => null);
      if (info?.status === 'exited') return null;
      const { agent, access } = await prepare();
      await record.claim({
        ...(record.current().sandbox ?? { provider: sandboxes.name, nonce: '' }),
        sandboxId: sandbox.id,
      });
      return hold(sandbox, agent, access);
    },

    async create(onProgress) {
      const { agent, access } = await prepare();
      const nonce = crypto.randomUUID();
      await record.claim({ provider: sandboxes.name, nonce });
      const sandbox = await bounded(
        'A sandbox',
        sandboxes.create({
          labels: { deployment: deploymentId, session: sessionId, nonce },
          mounts: [
            { name: 'runner', source: runner.folder, target: '/opt/agent-runner' },
            ...agent.mounts,
            ...access.mounts,
          ],
          network: 'none',
          onProgress,
        }),
      );
      await record.claim({ provider: sandboxes.name, nonce, sandboxId: sandbox.id });
      if (!sandbox.layout.mounts.runner)
        await sandbox.putTar(`${sandbox.layout.home}/.agent-runner`, await runner.archive());
      return hold(sandbox, agent, access);
    },

    async end(sandbox) {
      const ended = sandbox ?? (await find());
      await ended?.terminate();
      await models.revoke?.(sessionId);
      await record.claim(null);
    },
  };
}
