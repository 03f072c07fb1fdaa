import type { Plugin } from 'vitest/config';
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

/** Fails a run in which no test ran, also when every test was filtered away by name: a gate that ran nothing proves nothing. */
export function failWhenNothingRan(): Plugin {
  const reporter: Reporter = {
    onTestRunEnd(modules: readonly TestModule[], _errors, reason: TestRunEndReason) {
      if (reason === 'interrupted' || modules.some(ranSomething)) return;
      console.error('No test ran: the filters match no test, or every test is skipped.');
      process.exitCode = 1;
    },
  };
  return {
    name: 'fail-when-nothing-ran',
    configureVitest({ vitest, project }) {
      if (vitest.config.watch || project.name !== vitest.projects[0]?.name) return;
      vitest.config.reporters.push(reporter);
    },
  };
}

function ranSomething(module: TestModule): boolean {
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed' || state === 'failed') return true;
  }
  return module.state() === 'failed';
}
