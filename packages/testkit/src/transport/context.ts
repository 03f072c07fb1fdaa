import type { SessionEngine } from '@hhopkins/agent-core';
import type { CaseSetup } from '../kit.ts';
import { createScriptedEngine, type ScriptedEngine } from './engine/scripted-engine.ts';

/** What a case asks of the server it starts. */
export interface ServerSettings {
  apiKey?: string;
  corsOrigins?: readonly string[];
}

/** A server that listens, on a port of its own. */
export interface RunningServer {
  /** `http://127.0.0.1:<port>`; WebSockets are at the same port. */
  url: string;
  close(): Promise<void>;
}

/** What is tested: something that serves an engine. */
export interface TransportSubject {
  start(engine: SessionEngine, settings: ServerSettings): Promise<RunningServer>;
}

/** What a case has: the script it pulls the strings of, and servers for it. */
export interface TransportContext {
  script: ScriptedEngine;
  /** Of a server without a key. */
  url: string;
  /** Another server for the same engine. */
  start(settings: ServerSettings): Promise<RunningServer>;
  close(): Promise<void>;
}

export function transportSetup(subject: TransportSubject): CaseSetup<TransportContext> {
  return {
    async open() {
      const script = createScriptedEngine();
      const running: RunningServer[] = [];
      const start = async (settings: ServerSettings) => {
        const server = await subject.start(script.engine, settings);
        running.push(server);
        return server;
      };
      const { url } = await start({});
      return {
        script,
        url,
        start,
        async close() {
          await script.engine.stop();
          await Promise.all(running.map((server) => server.close()));
        },
      };
    },
    close: (context) => context.close(),
  };
}
