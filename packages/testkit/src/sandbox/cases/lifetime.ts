import assert from 'node:assert/strict';
import type { Case } from '../../kit.ts';
import type { SandboxContext } from '../context.ts';
import { collect, flood, reader, runScript, startScript, untilFile } from '../programs.ts';

/** Starts `count` processes that are in no group or session of it, tells when they run, and stays. */
const LEAVE_BEHIND = `const { spawn } = require('node:child_process');
  const fs = require('node:fs');
  const [token, environment] = process.argv.slice(1);
  const env = environment === 'none' ? {} : process.env;
  const inner = 'setInterval(() => {}, 1e6); process.on("SIGTERM", () => {}); process.on("SIGHUP", () => {});' +
    'require("node:fs").writeSync(1, "up\\\\n")';
  const outer = 'const { spawn } = require("node:child_process");' +
    'spawn(process.execPath, ["-e", process.argv[1], "--", process.argv[2]],' +
    '{ detached: true, stdio: ["ignore", "inherit", "ignore"] }).unref(); process.exit(0)';
  for (let index = 0; index < 3; index += 1) {
    spawn(process.execPath, ['-e', outer, '--', inner, token], { detached: true, env, stdio: ['ignore', 1, 2] });
  }
  spawn(process.execPath, ['-e', inner, '--', token], { env, stdio: ['ignore', 1, 2] });
  setInterval(() => {}, 1e6);`;

const COUNT_LEFT_BEHIND = 4;

async function endsEverything(context: SandboxContext, environment: 'kept' | 'none'): Promise<void> {
  const sandbox = await context.create();
  const process = await startScript(sandbox, LEAVE_BEHIND, [context.token, environment]);
  await reader(process.stdout).until('up\n'.repeat(COUNT_LEFT_BEHIND));
  assert.ok((await context.countProcesses(context.token)) >= COUNT_LEFT_BEHIND);
  await sandbox.terminate();
  assert.equal(await context.countProcesses(context.token), 0);
}

/** Whether the processes of sandboxes can be seen from here. */
async function needsSight({ create, countProcesses, token }: SandboxContext): Promise<string | undefined> {
  const sandbox = await create();
  const process = await startScript(sandbox, 'process.stdout.write("up"); process.stdin.resume();', [token]);
  await reader(process.stdout).until('up');
  const seen = await countProcesses(token);
  await process.stdin.close();
  await process.exit;
  return seen > 0 ? undefined : 'the processes of its sandboxes cannot be counted from here';
}

const needsElsewhere = ({ createElsewhere }: SandboxContext): string | undefined =>
  createElsewhere ? undefined : 'the kit was given no way to create a sandbox from another process';

export const lifetimeCases: readonly Case<SandboxContext>[] = [
  {
    id: 'info-tells-what-it-is',
    title: 'tells id, labels, status and when it was created',
    async run({ create, labels, provider }) {
      const sandbox = await create();
      assert.equal(sandbox.provider, provider.name);
      const info = await sandbox.info();
      assert.equal(info.id, sandbox.id);
      assert.equal(info.status, 'running');
      assert.deepEqual({ ...info.labels }, { ...labels });
      assert.equal(new Date(info.createdAt).toISOString(), info.createdAt);
      assert.equal(info.exit, undefined);
    },
  },
  {
    id: 'list-is-exact',
    title: 'lists the sandboxes that carry all of the labels, and no others',
    async run({ create, provider, otherProvider, labels, token }) {
      const first = await create({ labels: { colour: 'red', size: 'large' } });
      const second = await create({ labels: { colour: 'red', size: 'small' } });
      const third = await create({ labels: { colour: 'redder', session: `other-${token}` } });
      const listed = async (wanted: Record<string, string>) =>
        (await provider.list({ labels: wanted })).map(({ id }) => id).sort();
      const { deployment = '' } = labels;
      assert.deepEqual(await listed({ deployment }), [first.id, second.id, third.id].sort());
      assert.deepEqual(await listed({ deployment, colour: 'red' }), [first.id, second.id].sort());
      assert.deepEqual(await listed({ deployment, colour: 'red', size: 'small' }), [second.id]);
      assert.deepEqual(await listed({ deployment, colour: 'blue' }), []);
      assert.deepEqual(await listed({ deployment, shape: 'round' }), []);
      assert.deepEqual(await listed({ deployment: `${deployment}x` }), []);
      const [info] = await (await otherProvider()).list({ labels: { deployment, size: 'large' } });
      assert.deepEqual(info, await first.info());
    },
  },
  {
    id: 'attach-finds-it-again',
    title: 'gives the same sandbox to another provider instance, files and running programs included',
    async run({ create, otherProvider }) {
      const sandbox = await create();
      await runScript(sandbox, `require('node:fs').writeFileSync(process.argv[1] + '/kept', 'kept')`, [
        sandbox.layout.home,
      ]);
      const again = await (await otherProvider()).attach(sandbox.id);
      assert.equal(again.id, sandbox.id);
      assert.equal(again.provider, sandbox.provider);
      assert.deepEqual(again.layout, sandbox.layout);
      const script = `process.stdout.write(require('node:fs').readFileSync(process.argv[1] + '/kept'))`;
      assert.equal((await runScript(again, script, [again.layout.home])).stdout.toString(), 'kept');
      assert.equal((await runScript(sandbox, script, [sandbox.layout.home])).stdout.toString(), 'kept');
    },
  },
  {
    id: 'attach-refuses-what-is-not-there',
    title: 'rejects an id that no sandbox has with sandbox_not_found',
    async run({ create, provider }) {
      const sandbox = await create();
      const altered = `${sandbox.id.slice(0, -1)}${sandbox.id.endsWith('0') ? '1' : '0'}`;
      for (const id of [altered, 'no-such-sandbox', '', '../..', `../${sandbox.id}`, '/']) {
        await assert.rejects(provider.attach(id), { code: 'sandbox_not_found' }, JSON.stringify(id));
      }
      assert.equal((await provider.attach(sandbox.id)).id, sandbox.id);
    },
  },
  {
    id: 'survives-the-process-that-made-it',
    title: 'goes on when the process that created it is killed, and can be used from another',
    needs: async (context) => {
      const missing = needsElsewhere(context);
      if (missing) return missing;
      const { capabilities } = await context.provider.check();
      return capabilities.survivesServer
        ? undefined
        : 'its sandboxes end with the server, as its capabilities say';
    },
    async run({ createElsewhere, provider, labels }) {
      assert.ok(createElsewhere);
      const elsewhere = await createElsewhere();
      const sandbox = await provider.attach(elsewhere.sandboxId);
      const file = `${sandbox.layout.state}/asked`;
      const script = `const fs = require('node:fs');
        fs.writeFileSync(process.argv[1] + '.begun', '');
        const look = () => fs.existsSync(process.argv[1]) ? fs.writeFileSync(process.argv[1] + '.answered', '') : setTimeout(look, 5);
        look();`;
      const waiting = await startScript(sandbox, script, [file]);
      await untilFile(sandbox, `${file}.begun`);
      await elsewhere.kill();
      // The program that ran before goes on, and a new one can be started beside it.
      await runScript(sandbox, `require('node:fs').writeFileSync(process.argv[1], '')`, [file]);
      assert.equal((await waiting.exit).code, 0);
      await untilFile(sandbox, `${file}.answered`);
      assert.equal((await sandbox.info()).status, 'running');
      assert.deepEqual(
        (await provider.list({ labels })).map(({ id }) => id),
        [sandbox.id],
      );
    },
  },
  {
    id: 'terminate-ends-every-process',
    title: 'ends every process on terminate, also those that left their session and ignore signals',
    needs: needsSight,
    run: (context) => endsEverything(context, 'kept'),
  },
  {
    id: 'terminate-ends-processes-without-environment',
    title: 'ends processes on terminate that shed their whole environment',
    needs: needsSight,
    run: (context) => endsEverything(context, 'none'),
  },
  {
    id: 'terminate-is-final',
    title: 'is gone after terminate: not found, not listed, nothing can be started',
    async run({ create, provider, otherProvider, labels }) {
      const sandbox = await create();
      const other = await (await otherProvider()).attach(sandbox.id);
      await sandbox.terminate();
      await assert.rejects(provider.attach(sandbox.id), { code: 'sandbox_not_found' });
      assert.deepEqual(await provider.list({ labels }), []);
      for (const handle of [sandbox, other]) {
        await assert.rejects(handle.info(), { code: 'sandbox_not_found' });
        await assert.rejects(handle.exec([handle.layout.node, '-e', '0']), { code: 'sandbox_lost' });
      }
    },
  },
  {
    id: 'terminate-again-has-no-effect',
    title: 'resolves when terminate is called again, at the same time or from elsewhere',
    async run({ create, otherProvider }) {
      const sandbox = await create();
      const other = await (await otherProvider()).attach(sandbox.id);
      await Promise.all([sandbox.terminate(), sandbox.terminate(), other.terminate()]);
      await sandbox.terminate();
      await other.terminate();
    },
  },
  {
    id: 'terminate-settles-running-programs',
    title: 'settles the exit and ends the streams of programs that ran when it was terminated',
    async run({ create }) {
      const sandbox = await create();
      const process = await startScript(sandbox, `process.stdout.write('up'); process.stdin.resume();`);
      const [output, errors] = [collect(process.stdout), collect(process.stderr)];
      await sandbox.terminate();
      const { code, reason } = await process.exit;
      assert.notEqual(code, 0);
      assert.ok(['terminated', 'lost', 'signal', 'exit'].includes(reason));
      await Promise.allSettled([output, errors]);
      await assert.rejects(flood(process), { code: 'connection_lost' });
    },
  },
];
