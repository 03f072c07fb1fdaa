import { initial } from './001-initial.ts';

/** A step of the schema. Once released it is never edited: a change is a new step. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

/** In ascending order of `version`, without gaps from 1. */
export const MIGRATIONS: readonly Migration[] = [initial];
