export type { LogEntry } from './http/handler.ts';
export { formatScenarioLine, parseScenarioLine, type ScenarioLine } from './scenario/line.ts';
export { createSimulator, type Simulator, type SimulatorOptions } from './simulator.ts';
