import { randomUUID } from 'node:crypto';
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
import type { AgentDriver, DriverContext, DriverEvent, TurnEnd } from '../../driver.ts';
import { claudeDriver } from '../index.ts';
import { installedClaude } from './installation.ts';
import { withinDeadline } from './waiting.ts';

export type Folders = DriverContext['folders'];

export interface SceneOptions {
  profile?: Partial<AgentProfileInput>;
  setup?: Partial<RunnerSetup>;
  /** Added to the agent's environment. */
  environment?: Record<string, string>;
  /** Of an earlier scene: a later driver in the same sandbox. */
  folders?: Folders;
  /** The driver gets the model's URL as the runner's bridge, and a wrong one in the environment. */
  bridge?: boolean;
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
  /** Turns that the agent began by itself. */
  alone: StartedTurn[];
  /** Processes that the driver made known. */
  processes: number[];
  /** Bodies of the requests that the model got. */
  requests: string[];
  /** The events reduced, as a client would have them. */
  state(): SessionState;
  /** Main conversation's blocks of one type, in order. */
  blocks<Type extends Block['type']>(type: Type): Extract<Block, { type: Type }>[];
  /** Takes events as if the driver had said them. */
  replay(events: readonly DriverEvent[]): void;
  begin(content: string, messageId?: string): StartedTurn;
  /** Resolves with the end of a begun turn. */
  finish(turn: StartedTurn): Promise<TurnEnd>;
  /** A whole turn. */
  say(content: string): Promise<TurnEnd>;
  /** Resolves as soon as the condition gives something; rejects at the deadline, naming what did not come. */
  until<Value>(what: string, condition: () => Value | undefined | false): Promise<Value>;
}

export function openScene(
  { profile, setup, environment, bridge = false }: SceneOptions,
  folders: Folders,
  model: { url: string; requests: string[] },
): Scene {
  const events: DriverEvent[] = [];
  const logs: string[] = [];
  const alone: StartedTurn[] = [];
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
    ...(bridge ? { modelUrl: model.url } : {}),
    setup: {
      architecture: 'claude-sdk',
      profile: agentProfileSchema.parse({ id: 'test', ...profile }),
      sessionOptions: {},
      allowedTools: [],
      restore: false,
      environment: {
        ANTHROPIC_BASE_URL: bridge ? 'http://127.0.0.1:9' : model.url,
        ANTHROPIC_API_KEY: 'token-of-the-session',
        ...environment,
      },
      installation: { ...installedClaude() },
      ...setup,
    },
    emit,
    beginTurn(ended) {
      const turnId = `agent-${randomUUID()}`;
      emit({
        type: 'turn:started',
        conversationId: 'main',
        turnId,
        payload: { turnId, messageId: turnId, origin: 'agent' },
      });
      alone.push({ turnId, messageId: turnId, ended });
      return turnId;
    },
    log: (_, message) => logs.push(message),
    registerProcess: (pid) => processes.push(pid),
  });

  const begin = (content: string, messageId: string = randomUUID()): StartedTurn => {
    const turnId = randomUUID();
    return { turnId, messageId, ended: driver.prompt({ turnId, messageId, content }) };
  };
  const finish = ({ ended }: StartedTurn) => withinDeadline(ended, 'the end of the turn');

  return {
    driver,
    folders,
    events,
    logs,
    alone,
    processes,
    requests: model.requests,
    begin,
    finish,
    replay: (given) => given.forEach(emit),
    state: () => state,
    blocks: (type) => state.conversation.blocks.filter((block) => block.type === type) as never,
    say: (content) => finish(begin(content)),
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
