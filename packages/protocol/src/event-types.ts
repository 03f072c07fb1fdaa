/** Every type of event this version knows; `EVENT_PAYLOADS` has their payloads. */
export const EVENT_TYPES = [
  'block:upsert',
  'block:delta',
  'block:discarded',
  'subagent:spawned',
  'subagent:completed',
  'turn:queued',
  'turn:cancelled',
  'turn:started',
  'turn:completed',
  'turn:failed',
  'turn:interrupted',
  'permission:requested',
  'permission:resolved',
  'question:requested',
  'question:resolved',
  'file:created',
  'file:modified',
  'file:deleted',
  'workspace:saved',
  'metadata:update',
  'transcript:saved',
  'sandbox:creating',
  'sandbox:ready',
  'sandbox:releasing',
  'sandbox:lost',
  'sandbox:terminated',
  'session:created',
  'session:idle',
  'session:restored',
  'session:updated',
  'session:terminated',
  'options:update',
  'log',
  'error',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

const known: ReadonlySet<string> = new Set(EVENT_TYPES);

export const isEventType = (type: string): type is EventType => known.has(type);
