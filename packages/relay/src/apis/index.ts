import { anthropic } from './anthropic.ts';
import type { ModelApi } from './model-api.ts';

/** Every API that the relay speaks; the first one also answers for paths that belong to none. */
const MODEL_APIS: readonly [ModelApi, ...ModelApi[]] = [anthropic];

export function apiOfPath(pathname: string): ModelApi {
  return MODEL_APIS.find((api) => api.owns(pathname)) ?? MODEL_APIS[0];
}
