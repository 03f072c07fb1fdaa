import { execFileSync } from 'node:child_process';
import { createSimulator } from '@hhopkins/agent-simulator';
import { describe, expect } from 'vitest';
import { ofType } from '../harness/blocks.ts';
import { TOGETHER } from '../harness/deadline.ts';
import { ISOLATIONS } from '../harness/place.ts';
import { test } from '../harness/test.ts';

/** Parts that are harmless apart, so that no command line of a search holds what it looks for. */
const CANARY_PARTS = ['sk-ant-canary', 'b1946ac92492d2347c6235b4d2611184'] as const;
const CANARY = CANARY_PARTS.join('-');

/** Looks from inside the sandbox: environments, memory maps and files of all that can be seen there. */
const SEARCH = [
  `needle=$(printf '%s-%s' ${CANARY_PARTS.join(' ')})`,
  `for name in environ cmdline; do for pid in /proc/[0-9]*; do tr '\\0' '\\n' < $pid/$name 2>/dev/null | grep -q -e "$needle" && echo "LEAK $pid/$name"; done; done`,
  `env | grep -q -e "$needle" && echo LEAK env`,
  `grep -rslF -e "$needle" / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev --exclude-dir=usr --exclude-dir=lib 2>/dev/null | sed 's/^/LEAK /'`,
  'echo searched-everything',
].join('; ');

describe.each(ISOLATIONS)('the key of the model, with agents in a %s sandbox', TOGETHER, (sandbox) => {
  test('is nowhere that an agent or a client can see [SAFE-no-key-outside]', async ({ open }) => {
    const upstream = createSimulator();
    const { url } = await upstream.listen();
    try {
      const place = await open({
        sandbox,
        environment: { ANTHROPIC_API_KEY: CANARY, ANTHROPIC_BASE_URL: url, LOG_LEVEL: 'debug' },
      });
      await place.start();
      const { id, seen, turn } = await place.session();
      await turn('sim:shell-and-write cmd="env; cat /proc/self/environ" path=a.txt content=a');
      await turn('sim:subagent cmd="env"');
      // An upstream that refuses, and may say the key in its error.
      await turn('sim:error status=400 message="invalid x-api-key"');
      await seen.until('transcript:saved', ({ payload }) => payload.subagents > 0);
      await place.rest.ask('POST', `/sessions/${id}/sync`, {});

      expect(JSON.stringify(seen.events)).not.toContain(CANARY);
      expect(place.store.everything()).not.toContain(CANARY);
      expect((await place.rest.ask<string>('GET', `/sessions/${id}/transcript`)).body).not.toContain(CANARY);
      expect((await place.rest.ask<string>('GET', '/metrics')).body).not.toContain(CANARY);
      expect(place.server().output()).not.toContain(CANARY);
      // Sandboxes, the relay's folder, logs of every process.
      expect(filesWith(place.dataDirectory)).toEqual([]);
    } finally {
      await upstream.close();
    }
  });
});

describe.runIf(ISOLATIONS.includes('bubblewrap'))('an isolated sandbox', TOGETHER, () => {
  test('shows the key to nobody inside, in no environment, no file, nothing of /proc [SAFE-no-key-in-sandbox]', async ({
    open,
  }) => {
    const upstream = createSimulator();
    const { url } = await upstream.listen();
    try {
      const place = await open({
        sandbox: 'bubblewrap',
        environment: { ANTHROPIC_API_KEY: CANARY, ANTHROPIC_BASE_URL: url },
      });
      await place.start();
      const { seen, turn } = await place.session();
      await turn(`sim:shell cmd=${JSON.stringify(SEARCH)}`);
      // The search finds a key that is there.
      const plant = `printf '%s-%s' ${CANARY_PARTS.join(' ')} > planted.txt; ${SEARCH}; rm planted.txt`;
      await turn(`sim:shell cmd=${JSON.stringify(plant)}`);
      const [clean, planted] = ofType(seen.state().conversation.blocks, 'tool_result').map(({ output }) =>
        String(output).trim(),
      );
      expect(clean).toBe('searched-everything');
      expect(planted).toContain('LEAK /workspace/planted.txt');
      // The same from outside: what processes of the sandbox have.
      for (const { pid, command } of place.processes()) {
        if (!/agent-runner|claude|bwrap|sandbox-init/.test(command)) continue;
        expect(environmentOf(pid), command).not.toContain(CANARY);
      }
    } finally {
      await upstream.close();
    }
  });

  test('has no network [SAFE-no-network]', async ({ open }) => {
    const place = await open({ sandbox: 'bubblewrap' });
    await place.start();
    const { seen, turn } = await place.session();
    const { port } = new URL(place.url());
    await turn(
      `sim:shell cmd="(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo reached || echo unreachable; ls /sys/class/net 2>/dev/null"`,
    );
    const [result] = ofType(seen.state().conversation.blocks, 'tool_result');
    expect(String(result?.output)).toContain('unreachable');
    expect(String(result?.output)).not.toContain('reached\n');
    expect(String(result?.output)).not.toMatch(/eth|ens|wlan/);
  });
});

/** Files below the folder that hold the key. */
function filesWith(folder: string): string[] {
  try {
    const found = execFileSync('grep', ['-rslF', '-f', '-', folder], { input: CANARY, encoding: 'utf8' });
    return found.split('\n').filter(Boolean);
  } catch {
    // grep ends with 1 when there is none.
    return [];
  }
}

function environmentOf(pid: number): string {
  try {
    return execFileSync('cat', [`/proc/${pid}/environ`], { encoding: 'latin1' });
  } catch {
    return '';
  }
}
