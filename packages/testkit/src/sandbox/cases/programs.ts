import assert from 'node:assert/strict';
import process from 'node:process';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import type { SandboxContext } from '../context.ts';
import { finish, runScript } from '../programs.ts';

const PRINT_ENVIRONMENT = 'process.stdout.write(JSON.stringify(process.env))';

async function environmentOf(running: ReturnType<typeof runScript>): Promise<Record<string, string>> {
  return JSON.parse((await running).stdout.toString());
}

export const programCases: readonly Case<SandboxContext>[] = [
  {
    id: 'exit-code-is-told',
    title: 'tells the exit code of a program',
    async run({ create }) {
      const sandbox = await create();
      for (const code of [0, 3, 255]) {
        const { exit } = await runScript(sandbox, `process.exit(${code})`);
        assert.equal(exit.code, code);
        assert.equal(exit.reason, 'exit');
      }
    },
  },
  {
    id: 'signal-is-told',
    title: 'tells the signal that ended a program, with no exit code',
    async run({ create }) {
      const sandbox = await create();
      for (const signal of ['SIGKILL', 'SIGTERM']) {
        const { exit } = await runScript(
          sandbox,
          `process.kill(process.pid, '${signal}'); setInterval(() => {}, 1e6);`,
        );
        assert.equal(exit.code, null);
        assert.equal(exit.signal, signal);
        assert.equal(exit.reason, 'signal');
      }
    },
  },
  {
    id: 'a-missing-program-fails',
    title: 'does not pretend that a program ran which does not exist',
    async run({ create }) {
      const sandbox = await create();
      const started = sandbox.exec(['no-such-program-anywhere']);
      const code = await started.then(
        async (running) => (await finish(running).catch(() => ({ exit: { code: 127 } }))).exit.code,
        (error) => {
          assert.ok(AgentServerError.isInstance(error), 'a rejection is of the error family');
          assert.notEqual(error.code, 'sandbox_lost', 'the sandbox is still there');
          return 127;
        },
      );
      assert.ok(code === 126 || code === 127, `126 or 127 as in a shell, and not ${code}`);
      assert.equal((await runScript(sandbox, 'process.exit(0)')).exit.code, 0);
    },
  },
  {
    id: 'argv-is-never-a-shell',
    title: 'hands over argv as it is, whatever a shell would make of it',
    async run({ create }) {
      const parameters = [
        '$(echo expanded)',
        '`echo expanded`',
        '; exit 7',
        '$HOME',
        '*',
        '~',
        'two  spaces',
        `both ' and "`,
        'back\\slash',
        'new\nline',
        '',
        '> file',
        'ünïcödé 🚀',
      ];
      const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
      const { stdout } = await runScript(await create(), script, parameters);
      assert.deepEqual(JSON.parse(stdout.toString()), parameters);
    },
  },
  {
    id: 'environment-is-added',
    title: 'adds the environment of an exec to that of the sandbox',
    async run({ create }) {
      const sandbox = await create({ environment: { KIT_SANDBOX: 'of the sandbox', KIT_BOTH: 'sandbox' } });
      const plain = await environmentOf(runScript(sandbox, PRINT_ENVIRONMENT));
      assert.equal(plain.KIT_SANDBOX, 'of the sandbox');
      assert.equal(plain.KIT_BOTH, 'sandbox');
      const added = await environmentOf(
        runScript(sandbox, PRINT_ENVIRONMENT, [], {
          environment: { KIT_EXEC: 'a=b\nc "d"', KIT_BOTH: 'exec' },
        }),
      );
      assert.equal(added.KIT_SANDBOX, 'of the sandbox');
      assert.equal(added.KIT_EXEC, 'a=b\nc "d"');
      assert.equal(added.KIT_BOTH, 'exec');
    },
  },
  {
    id: 'environment-is-not-inherited',
    title: 'shows programs nothing of the environment of the server',
    async run({ create, token }) {
      const name = `KIT_SECRET_${token.replaceAll('-', '_')}`;
      // biome-ignore lint/style/noProcessEnv: a variable of the server is what must not get through
      const own = process.env;
      own[name] = token;
      try {
        const found = await environmentOf(runScript(await create(), PRINT_ENVIRONMENT));
        assert.equal(found[name], undefined);
        assert.ok(!JSON.stringify(found).includes(token) || !Object.values(found).includes(token));
      } finally {
        delete own[name];
      }
    },
  },
  {
    id: 'cwd-is-honoured',
    title: 'runs a program in the folder that it is given',
    async run({ create }) {
      const sandbox = await create();
      const script = `process.stdout.write(require('node:fs').realpathSync('.'))`;
      for (const cwd of [sandbox.layout.home, sandbox.layout.workspace]) {
        const real = `process.stdout.write(require('node:fs').realpathSync(process.argv[1]))`;
        const { stdout } = await runScript(sandbox, script, [], { cwd });
        assert.equal(stdout.toString(), (await runScript(sandbox, real, [cwd])).stdout.toString());
      }
    },
  },
  {
    id: 'folders-of-the-layout-are-there',
    title: 'has the folders of its layout: absolute, distinct, writable, lasting from program to program',
    async run({ create, token }) {
      const sandbox = await create();
      const { workspace, home, state } = sandbox.layout;
      assert.equal(new Set([workspace, home, state]).size, 3);
      const write = `require('node:fs').writeFileSync(process.argv[1] + '/kept', process.argv[2])`;
      const read = `process.stdout.write(require('node:fs').readFileSync(process.argv[1] + '/kept'))`;
      for (const folder of [workspace, home, state]) {
        assert.ok(folder.startsWith('/'), `${folder} is absolute`);
        assert.equal((await runScript(sandbox, write, [folder, token])).exit.code, 0);
        assert.equal((await runScript(sandbox, read, [folder])).stdout.toString(), token);
      }
    },
  },
  {
    id: 'sandboxes-have-folders-of-their-own',
    title: 'keeps the files of one sandbox out of the folders of another',
    async run({ create }) {
      const [first, second] = [await create(), await create()];
      const write = `require('node:fs').writeFileSync(process.argv[1] + '/mine', 'first')`;
      const list = `process.stdout.write(JSON.stringify(require('node:fs').readdirSync(process.argv[1])))`;
      for (const folder of ['workspace', 'home', 'state'] as const) {
        await runScript(first, write, [first.layout[folder]]);
        const { stdout } = await runScript(second, list, [second.layout[folder]]);
        assert.ok(!JSON.parse(stdout.toString()).includes('mine'));
      }
    },
  },
];
