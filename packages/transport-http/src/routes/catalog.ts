import type { Endpoint } from '../edge/endpoint.ts';
import { describe, listOf } from '../openapi/describe.ts';
import type { RouteParts } from './parts.ts';

/** What sessions can be made of. */
export function catalogEndpoints({ engine, ask }: RouteParts): Endpoint[] {
  return [
    describe(
      {
        method: 'get',
        path: '/agent-profiles',
        tag: 'catalog',
        summary: 'The agent profiles',
        answer: listOf('profiles', 'AgentProfile'),
      },
      async (context) => context.json({ profiles: await ask(engine.profiles()) }),
    ),
    describe(
      {
        method: 'get',
        path: '/architectures',
        tag: 'catalog',
        summary: 'The agents that are configured, and what the missing ones lack',
        answer: listOf('architectures', 'Architecture'),
      },
      async (context) => context.json({ architectures: await ask(engine.architectures()) }),
    ),
  ];
}
