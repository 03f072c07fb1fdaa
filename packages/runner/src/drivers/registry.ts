import { AgentServerError } from '@hhopkins/agent-protocol';
import { claudeDriver } from './claude/index.ts';
import type { DriverFactory } from './driver.ts';
import { scriptedDriver } from './scripted/index.ts';

const DRIVERS: readonly DriverFactory[] = [claudeDriver, scriptedDriver];

/** @throws AgentServerError `unknown_architecture` */
export function findDriver(architecture: string): DriverFactory {
  const driver = DRIVERS.find((each) => each.architecture === architecture);
  if (driver) return driver;
  const known = DRIVERS.map((each) => each.architecture).join(', ');
  throw new AgentServerError(
    'unknown_architecture',
    `this runner has no driver for ${JSON.stringify(architecture)}; it has ${known}`,
  );
}
