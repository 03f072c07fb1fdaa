/** One namespace an agent: each has its live converter and its transcript's. */
export * as claude from './claude/index.ts';
