#!/usr/bin/env node
import { runCli } from './cli.ts';

const [node, script = '', ...args] = process.argv;
process.exitCode = await runCli(args, [node ?? process.execPath, ...process.execArgv, script]);
// Whatever still waits must not keep a finished runner alive.
process.exit();
