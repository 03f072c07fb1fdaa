import {
  type AgentProfile,
  type AgentProfileInput,
  AgentServerError,
  type Architecture,
  agentProfileSchema,
} from '@hhopkins/agent-protocol';
import { createEventBus } from './bus/create-event-bus.ts';
import type { SessionEngine } from './engine-interface.ts';
import { createMetrics, type EngineParts } from './engine-parts.ts';
import type { AgentDefinition, ModelGateway } from './ports/agent.ts';
import type { EventLog } from './ports/event-log.ts';
import type { Leases } from './ports/leases.ts';
import type { PersistenceAdapter } from './ports/persistence.ts';
import type { Clock, Logger, RunnerProgram } from './ports/runtime.ts';
import type { SandboxProvider } from './ports/sandbox.ts';
import { boundSandboxes } from './sandbox/bounded-sandboxes.ts';
import { reapOrphans } from './sandbox/reap-orphans.ts';
import { createSessionRegistry } from './session/session-registry.ts';
import { createSessions } from './sessions/create-sessions.ts';
import { listProfiles } from './sessions/list-profiles.ts';
import { createTakeUp } from './sessions/take-up.ts';
import { DEFAULT_SETTINGS, type EngineSettings } from './settings.ts';
import { boundStore } from './store/bounded-store.ts';
import { createGroupCommitter } from './stream/group-committer.ts';
import { createStreamHub } from './stream/stream-hub.ts';
import { systemClock } from './support/clock.ts';
import { withDeadline } from './support/deadline.ts';

export interface EngineConfig {
  persistence: PersistenceAdapter;
  /** Stand in where the adapter has none of its own; what they hold ends with this process. */
  fallback: { eventLog: EventLog; leases: Leases };
  sandboxes: SandboxProvider;
  agents: readonly AgentDefinition[];
  models: ModelGateway;
  runner: RunnerProgram;
  /** Profiles of the configuration; they come before those of the store. Called once, by `start()`. */
  profiles?: (() => Promise<readonly AgentProfileInput[]>) | undefined;
  settings?: Partial<EngineSettings> | undefined;
  clock?: Clock | undefined;
  logger: Logger;
}

const STORE_PROBE_MS = 5000;

/**
 * The session engine. Constructing does nothing; `start()` opens the store, takes up what an earlier process left
 * running.
 */
export function createEngine(config: EngineConfig): SessionEngine {
  const { fallback, logger } = config;
  const clock = config.clock ?? systemClock;
  const settings: EngineSettings = { ...DEFAULT_SETTINGS, ...config.settings };
  const persistence = boundStore(config.persistence, clock);
  const log = boundStore(config.persistence.eventLog ?? fallback.eventLog, clock);
  const leases = boundStore(config.persistence.leases ?? fallback.leases, clock);
  const sandboxes = boundSandboxes(config.sandboxes, clock, settings.sandboxTimeoutMs);
  const stopper = new AbortController();
  const hub = createStreamHub((error) => logger.log('error', 'a listener of a commit threw', { error }));
  const profiles = new Map<string, AgentProfile>();
  // Known once started.
  const identity = { deploymentId: '' };
  let storeProblem: string | undefined;
  // Epochs that end with this process begin anew in the next, where a sandbox may have seen them.
  const epochBase = config.persistence.leases ? 0 : clock.now();
  const parts: EngineParts = {
    persistence,
    log,
    leases,
    committer: createGroupCommitter(log, clock, settings.groupCommit),
    hub,
    sandboxes,
    agents: new Map(config.agents.map((agent) => [agent.architecture, agent])),
    models: config.models,
    runner: config.runner,
    profiles,
    clock,
    logger,
    settings,
    owner: crypto.randomUUID(),
    isolation: sandboxes.isolation,
    get deploymentId() {
      return identity.deploymentId;
    },
    metrics: createMetrics(),
    runnerEpoch: (epoch) => epochBase + epoch,
  };
  const registry = createSessionRegistry(parts);
  const takeUp = createTakeUp(parts, registry);
  hub.onPublish(({ events }) => parts.metrics.add('agent_server_events_total', events.length));

  /** Repeats until the engine stops; a failure is logged and tried again next time. */
  const every = (milliseconds: number, what: string, work: () => Promise<unknown>): void => {
    const cancel = clock.schedule(milliseconds, async () => {
      stopper.signal.removeEventListener('abort', cancel);
      await work().catch((error: unknown) =>
        logger.log('warn', `${what} failed; it is tried again`, { error }),
      );
      if (!stopper.signal.aborted) every(milliseconds, what, work);
    });
    stopper.signal.addEventListener('abort', cancel, { once: true });
  };

  const probeStore = async (): Promise<void> => {
    try {
      await withDeadline(clock, STORE_PROBE_MS, 'The store', log.stream('readiness-probe'));
      storeProblem = undefined;
    } catch (error) {
      storeProblem = `The store does not answer: ${AgentServerError.from(error).message}`;
      logger.log('warn', storeProblem);
    }
  };

  const lookAround = async (): Promise<void> => {
    const held = () => registry.active().map((session) => session.record.current().sandbox);
    await takeUp.find();
    await reapOrphans(parts, held);
  };

  return {
    sessions: createSessions(parts, registry, stopper.signal),
    events: createEventBus(hub, logger),

    profiles: () => listProfiles(parts),

    architectures: () => Promise.all(config.agents.map(describeArchitecture)),

    status() {
      const problems = stopper.signal.aborted
        ? ['The server is stopping']
        : storeProblem
          ? [storeProblem]
          : [];
      return {
        durability: log.durability,
        ready: problems.length === 0,
        problems,
        stopping: stopper.signal.aborted,
        sandbox: { provider: sandboxes.name, isolation: sandboxes.isolation },
        model: config.models.description,
        sessions: registry.active().length,
        metrics: {
          ...parts.metrics.read(),
          agent_server_sessions_active: registry.active().length,
          agent_server_sandboxes: registry.sandboxes(),
        },
      };
    },

    async start() {
      // Opening may take longer than a question to an open store.
      await config.persistence.open?.();
      identity.deploymentId = (await persistence.deploymentId?.()) ?? crypto.randomUUID();
      for (const profile of (await config.profiles?.()) ?? []) {
        profiles.set(profile.id, agentProfileSchema.parse(profile));
      }
      await takeUp.find();
      every(settings.leaseTtlMs / 3, 'renewing leases', () => registry.renewLeases());
      every(settings.leaseTtlMs, 'taking up sessions', async () => takeUp.retry());
      every(settings.reapIntervalMs, 'looking for forgotten sessions and sandboxes', lookAround);
      every(STORE_PROBE_MS, 'asking the store', probeStore);
    },

    async stop({ runs = 'leave' } = {}) {
      stopper.abort();
      await registry.close(runs);
      await parts.committer.flush();
    },
  };
}

async function describeArchitecture(agent: AgentDefinition): Promise<Architecture> {
  const { architecture, name } = agent;
  try {
    const { version } = await agent.locate();
    return { architecture, name, available: true, version };
  } catch (error) {
    return { architecture, name, available: false, problem: AgentServerError.from(error).message };
  }
}
