import type { DriverFactory } from '../driver.ts';
import { createClaudeDriver } from './driver.ts';

/**
 * Drives Claude through the Claude Agent SDK, which is loaded from `setup.installation.sdk` at run time and starts the
 * program at `setup.installation.executable`.
 */
export const claudeDriver: DriverFactory = { architecture: 'claude-sdk', create: createClaudeDriver };
