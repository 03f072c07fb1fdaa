import { fileURLToPath } from 'node:url';
import type { ModelsConfig } from '@hhopkins/agent-server';
import type { Settings } from './settings.ts';

/** The real model when there is a key for it, else the simulator. */
export function modelsOf({ ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL }: Settings): ModelsConfig {
  if (ANTHROPIC_API_KEY) return { anthropic: { apiKey: ANTHROPIC_API_KEY, baseUrl: ANTHROPIC_BASE_URL } };
  return { simulator: { program: fileURLToPath(import.meta.resolve('@hhopkins/agent-simulator/bin')) } };
}
