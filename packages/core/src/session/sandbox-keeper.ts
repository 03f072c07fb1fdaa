import { AgentServerError, type RunnerSetup } from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import type { LocatedAgent, ModelAccess } from '../ports/agent.ts';
import type { SandboxClaim } from '../ports/persistence.ts';
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
  /** Ends it, or the one that the record claims. The claim stays. */
  terminate(sandbox: Sandbox | undefined): Promise<void>;
}

export interface SandboxKeeperOptions {
  sessionId: string;
  architecture: string;
  record: RecordKeeper;
}

/** To find agent and model on this host, in milliseconds. */
const PREPARE_MS = 60_000;

export function createSandboxKeeper(parts: EngineParts, options: SandboxKeeperOptions): SandboxKeeper {
  const { sandboxes, agents, models, runner, clock, deploymentId } = parts;
  const { sessionId, architecture, record } = options;

  const prepare = async (): Promise<{ agent: LocatedAgent; access: ModelAccess }> => {
    const definition = agents.get(architecture);
    if (!definition)
      throw new AgentServerError(
        'unknown_architecture',
        `No agent "${architecture}" is configured on this server`,
      );
    const finding = Promise.all([definition.locate(), models.grant({ sessionId, architecture })]);
    const [agent, access] = await withDeadline(
      clock,
      PREPARE_MS,
      'Agent and model',
      finding,
      'sandbox_unavailable',
    );
    return { agent, access };
  };

  const programFolder = ({ layout }: Sandbox) => layout.mounts.runner ?? `${layout.home}/.agent-runner`;

  /** Providers that cannot mount get the program as files. */
  const putProgram = async (sandbox: Sandbox): Promise<void> => {
    if (!sandbox.layout.mounts.runner) await sandbox.putTar(programFolder(sandbox), await runner.archive());
  };

  const hold = (sandbox: Sandbox, agent: LocatedAgent, access: ModelAccess): HeldSandbox => ({
    sandbox,
    runner: [sandbox.layout.node, `${programFolder(sandbox)}/${runner.entry}`],
    access: {
      environment: access.environment,
      installation: agent.installation(sandbox.layout),
      ...(access.relaySocket ? { relaySocket: access.relaySocket(sandbox.layout) } : {}),
    },
  });

  const find = async (claim: SandboxClaim): Promise<Sandbox | null> => {
    try {
      if (claim.sandboxId) return await sandboxes.attach(claim.sandboxId);
      // Only the intent is known: the server died while it was being made.
      const [made] = await sandboxes.list({ labels: { deployment: deploymentId, nonce: claim.nonce } });
      return made ? await sandboxes.attach(made.id) : null;
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  };

  return {
    async reclaim() {
      const claim = record.current().sandbox;
      const sandbox = claim && (await find(claim));
      if (!claim || !sandbox) return null;
      const info = await sandbox.info().catch((error: unknown) => {
        if (isGone(error)) return null;
        throw error;
      });
      if (!info || info.status === 'exited') return null;
      const { agent, access } = await prepare();
      if (!claim.sandboxId) {
        await record.claim({ ...claim, sandboxId: sandbox.id });
        await putProgram(sandbox);
      }
      return hold(sandbox, agent, access);
    },

    async create(onProgress) {
      await sandboxes.ready?.();
      const { agent, access } = await prepare();
      const claim: SandboxClaim = { provider: sandboxes.name, nonce: crypto.randomUUID() };
      await record.claim(claim);
      const sandbox = await sandboxes.create({
        labels: { deployment: deploymentId, session: sessionId, nonce: claim.nonce },
        mounts: [
          { name: 'runner', source: runner.folder, target: '/opt/agent-runner' },
          ...agent.mounts,
          ...access.mounts,
        ],
        network: 'none',
        onProgress,
      });
      await record.claim({ ...claim, sandboxId: sandbox.id });
      try {
        await putProgram(sandbox);
      } catch (error) {
        sandbox.terminate().catch(() => {});
        throw error;
      }
      return hold(sandbox, agent, access);
    },

    async terminate(sandbox) {
      const claim = record.current().sandbox;
      const found = sandbox ?? (claim ? await find(claim) : null);
      await found?.terminate();
      await models.revoke?.(sessionId);
    },
  };
}

const isGone = (error: unknown): boolean =>
  AgentServerError.isInstance(error) && error.code === 'sandbox_not_found';
