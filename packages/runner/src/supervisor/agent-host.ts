import { isDeepStrictEqual } from 'node:util';
import { AgentServerError, type RunnerSetup } from '@hhopkins/agent-protocol';
import { withDeadline } from '../deadline.ts';
import type { AgentDriver, DriverContext, DriverEvent, TurnEnd } from '../drivers/driver.ts';
import { findDriver } from '../drivers/registry.ts';
import { type ModelBridge, openModelBridge } from '../model-bridge.ts';
import type { ProcessRegistry } from '../processes/registry.ts';
import { DEADLINES } from '../settings.ts';

/** Has the driver of the session's agent: makes it when it is needed, and lets go of it when it no longer answers. */
export interface AgentHost {
  /** What drivers are made from. A driver of another setup is replaced when it is asked for next. */
  use(setup: RunnerSetup): void;
  /**
   * The started driver.
   *
   * @throws AgentServerError `unknown_architecture`, `agent_not_installed` or what else prevents the start
   */
  ready(): Promise<AgentDriver>;
  /** The driver, if there is one now. */
  current(): AgentDriver | undefined;
  /** Ends the agent with all its processes. What it still says is ignored. */
  discard(): Promise<void>;
  close(): Promise<void>;
}

export interface AgentHostOptions {
  folders: DriverContext['folders'];
  processes: ProcessRegistry;
  emit(event: DriverEvent): void;
  /** The agent began to work by itself: see `DriverContext.beginTurn`. */
  beginTurn(driver: AgentDriver, ended: Promise<TurnEnd>): string | undefined;
  log: DriverContext['log'];
}

interface Hosted {
  setup: RunnerSetup;
  driver: AgentDriver;
  started: Promise<void>;
}

export function createAgentHost(options: AgentHostOptions): AgentHost {
  let setup: RunnerSetup | undefined;
  let hosted: Hosted | undefined;
  let bridge: { socket: string; opened: Promise<ModelBridge> } | undefined;

  const modelUrl = async (socket: string | undefined): Promise<string | undefined> => {
    if (socket === undefined) return undefined;
    if (bridge?.socket !== socket) {
      const previous = bridge;
      bridge = { socket, opened: openModelBridge(socket) };
      await previous?.opened.then((open) => open.close()).catch(() => {});
    }
    return (await bridge.opened).url;
  };

  const discard = async () => {
    const leaving = hosted;
    hosted = undefined;
    if (!leaving) return;
    await withDeadline(leaving.driver.stop(), DEADLINES.agentStop, 'stop of the agent').catch(
      (error: Error) => options.log('warn', error.message),
    );
    await options.processes.endAll();
  };

  const create = async (wanted: RunnerSetup): Promise<Hosted> => {
    const factory = findDriver(wanted.architecture);
    const { mark } = options.processes;
    const environment = { ...wanted.environment, [mark.name]: mark.value };
    const url = await modelUrl(wanted.relaySocket);
    const isCurrent = () => hosted?.driver === driver;
    const driver: AgentDriver = factory.create({
      setup: { ...wanted, environment },
      folders: options.folders,
      ...(url === undefined ? {} : { modelUrl: url }),
      emit: (event) => {
        if (isCurrent()) options.emit(event);
      },
      beginTurn: (ended) => (isCurrent() ? options.beginTurn(driver, ended) : undefined),
      log: options.log,
      registerProcess: (pid) => options.processes.register(pid),
    });
    hosted = { setup: wanted, driver, started: Promise.resolve() };
    hosted.started = driver.start();
    return hosted;
  };

  let making: Promise<AgentDriver> | undefined;
  const make = async (): Promise<AgentDriver> => {
    if (!setup)
      throw new AgentServerError('invalid_request', 'the runner has no setup yet; send `setup` first');
    if (hosted && !isDeepStrictEqual(hosted.setup, setup)) await discard();
    const current = hosted ?? (await create(setup));
    try {
      await withDeadline(current.started, DEADLINES.agentStart, 'start of the agent');
    } catch (error) {
      await discard();
      throw AgentServerError.from(error, 'agent_lost');
    }
    return current.driver;
  };

  return {
    use(wanted) {
      setup = wanted;
    },
    ready() {
      making ??= make().finally(() => {
        making = undefined;
      });
      return making;
    },
    current: () => hosted?.driver,
    discard,
    async close() {
      await discard();
      await bridge?.opened.then((open) => open.close()).catch(() => {});
    },
  };
}
