import { initial } from './001-initial.ts';
import { unfinishedSessions } from './002-unfinished-sessions.ts';
import type { Migration } from './migration.ts';

/** In ascending order of `version`, without gaps from 1. */
export const MIGRATIONS: readonly Migration[] = [initial, unfinishedSessions];
