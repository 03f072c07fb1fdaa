import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AgentProfileInput,
  agentProfileSchema,
  type Block,
  EVENT_PAYLOADS,
  initialState,
  type RunnerSetup,
  reduce,
  type SessionState,
} from '@hhopkins/agent-protocol';
import { onTestFinished } from 'vitest';
import { startTimeOf } from '../../../processes/table.ts';
import type { AgentDriver, DriverEvent, TurnEnd } from '../../driver.ts';
import { claudeDriver } from '../index.ts';
import { installedClaude } from './installation.ts';

const DEADLINE_MS = 20_000;

/** One sandbox's worth of folders. */
export interface Folders {
  workspace: string;
  home: string;
  state: string;
}

export async function makeFolders(): Promise<Folders> {
  const root = await mkdtemp(join(tmpdir(), 'claude-driver-'));
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const folders = { workspace: join(root, 'work'), home: join(root, 'home'), state: join(root, 'state') };
  for (const folder of Object.values(folders)) await mkdir(folder);
  return folders;
}

export interface SceneOptions {
  modelUrl: string;
  /** Whether the driver gets the URL as the runner's bridge, or in the environment. */
  bridge?: boolean;
  profile?: Partial<AgentProfileInput>;
  setup?: Partial<RunnerSetup>;
  folders?: Folders;
}

export interface StartedTurn {
  turnId: string;
  messageId: string;
  ended: Promise<TurnEnd>;
}

/** A driver in a sandbox of its own, with the events it said. */
export interface Scene {
  driver: AgentDriver;
  folders: Folders;
  events: DriverEvent[];
  logs: string[];
  /** Processes that the driver made known. */
  processes: number[];
  /** The events reduced, as a client would have them. */
  state(): SessionState;
  /** Main conversation's blocks of one type, in order. */
  blocks<Type extends Block['type']>(type: Type): Extract<Block, { type: Type }>[];
  /** Takes events as if the driver had said them. */
  replay(events: readonly DriverEvent[]): void;
  begin(content: string, messageId?: string): StartedTurn;
  /** A whole turn. */
  say(content: string): Promise<TurnEnd>;
  /** Resolves as soon as the condition gives something; rejects at the deadline, naming what did not come. */
  until<Value>(what: string, condition: () => Value | undefined | false): Promise<Value>;
}

export async function openScene(options: SceneOptions): Promise<Scene> {
  const { modelUrl, bridge = false, profile, setup, folders = await makeFolders() } = options;
  const events: DriverEvent[] = [];
  const logs: string[] = [];
  const processes: number[] = [];
  let state = initialState('session');
  let look = (): void => {};

  function emit(event: DriverEvent): void {
    // What does not fit the protocol fails the test here, where it was said.
    const payload = EVENT_PAYLOADS[event.type].parse(event.payload);
    events.push(event);
    const { type, conversationId, turnId } = event;
    const timestamp = new Date().toISOString();
    const context = { sessionId: 'session', conversationId, turnId, source: 'runner', timestamp };
    state = reduce(state, { seq: events.length, type, payload, context } as Parameters<typeof reduce>[1]);
    look();
  }

  const driver = claudeDriver.create({
    folders,
    ...(bridge ? { modelUrl } : {}),
    setup: {
      architecture: 'claude-sdk',
      profile: agentProfileSchema.parse({ id: 'test', ...profile }),
      sessionOptions: {},
      allowedTools: [],
      restore: false,
      environment: { ANTHROPIC_BASE_URL: modelUrl, ANTHROPIC_API_KEY: 'token-of-the-session' },
      installation: { ...installedClaude() },
      ...setup,
    },
    emit,
    log: (_, message) => logs.push(message),
    registerProcess: (pid) => processes.push(pid),
  });
  onTestFinished(() => driver.stop());

  const begin = (content: string, messageId: string = randomUUID()): StartedTurn => {
    const turnId = randomUUID();
    return { turnId, messageId, ended: driver.prompt({ turnId, messageId, content }) };
  };
  return {
    driver,
    folders,
    events,
    logs,
    processes,
    begin,
    replay: (given) => given.forEach(emit),
    state: () => state,
    blocks: (type) => state.conversation.blocks.filter((block) => block.type === type) as never,
    say: (content) => withinDeadline(begin(content).ended, `the end of the turn "${content}"`),
    until: (what, condition) =>
      withinDeadline(
        new Promise((resolve) => {
          look = () => {
            const value = condition();
            if (value !== undefined && value !== false) resolve(value as Exclude<typeof value, false>);
          };
          look();
        }),
        what,
      ),
  };
}

export async function withinDeadline<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come`)), DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Polls what no event announces, such as a process or a file. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A new driver, ready for its first prompt. */
export async function startScene(options: SceneOptions): Promise<Scene> {
  const scene = await openScene(options);
  await scene.driver.start();
  return scene;
}

/** A process that has died and waits for its parent is dead. */
export async function isAlive(pid: number): Promise<boolean> {
  return (await startTimeOf(pid)) !== undefined;
}
