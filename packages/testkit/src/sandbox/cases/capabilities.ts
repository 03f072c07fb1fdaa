import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxCapabilities } from '@hhopkins/agent-core';
import type { Case } from '../../kit.ts';
import type { SandboxContext } from '../context.ts';
import { runScript } from '../programs.ts';

/** For `needs`: the reason to skip when a capability is not there. */
const having =
  (what: string, has: (capabilities: SandboxCapabilities) => boolean) =>
  async ({ provider }: SandboxContext): Promise<string | undefined> =>
    has((await provider.check()).capabilities) ? undefined : `its capabilities say: ${what}`;

const MEMORY_MIB = 256;
const PROCESSES = 60;

/** Tries to reach a TCP port and says whether that worked. */
const REACH = `const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
  socket.setTimeout(5000, () => socket.destroy(new Error('timeout')));
  socket.on('connect', () => { process.stdout.write('reached'); socket.destroy(); });
  socket.on('error', (error) => process.stdout.write(error.code ?? error.message));`;

/** Serves itself on loopback. */
const LOOPBACK = `const net = require('node:net');
  const server = net.createServer((socket) => { socket.end('hello'); server.close(); });
  server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1').pipe(process.stdout));`;

export const capabilityCases: readonly Case<SandboxContext>[] = [
  {
    id: 'check-tells-and-never-throws',
    title: 'tells in check() whether it works and what it can do',
    async run({ provider }) {
      const { ok, problems, capabilities } = await provider.check();
      assert.deepEqual({ ok, problems }, { ok: true, problems: [] });
      assert.equal(capabilities.isolation, provider.isolation);
    },
  },
  {
    id: 'mounts-are-seen',
    title: 'shows a mounted folder where the layout says',
    needs: having('no mounts', ({ mounts }) => mounts),
    run: (context) =>
      withMount(async (source) => {
        const sandbox = await context.create({
          mounts: [{ name: 'probe', source, target: '/opt/kit-probe' }],
        });
        const read = `process.stdout.write(require('node:fs').readFileSync(process.argv[1] + '/file'))`;
        const { stdout } = await runScript(sandbox, read, [sandbox.layout.mounts.probe ?? '/nowhere']);
        assert.equal(stdout.toString(), 'from the host');
        const again = await (await context.otherProvider()).attach(sandbox.id);
        assert.deepEqual(again.layout.mounts, sandbox.layout.mounts);
      }),
  },
  {
    id: 'mounts-are-read-only',
    title: 'lets no program write to a mounted folder',
    needs: having('no mounts that are isolated', ({ mounts, isolation }) => mounts && isolation !== 'none'),
    run: ({ create }) =>
      withMount(async (source) => {
        const sandbox = await create({ mounts: [{ name: 'probe', source, target: '/opt/kit-probe' }] });
        const path = sandbox.layout.mounts.probe ?? '/nowhere';
        const write = `require('node:fs').writeFileSync(process.argv[1], 'changed')`;
        for (const name of ['file', 'new']) {
          assert.notEqual((await runScript(sandbox, write, [`${path}/${name}`])).exit.code, 0);
        }
        assert.equal(await readFile(join(source, 'file'), 'utf8'), 'from the host');
      }),
  },
  {
    id: 'mounts-that-cannot-be-are-refused',
    title: 'refuses a mount with capability_missing when it cannot mount',
    needs: having('mounts', ({ mounts }) => !mounts),
    run: ({ create }) =>
      withMount(async (source) => {
        await assert.rejects(create({ mounts: [{ name: 'probe', source, target: '/opt/kit-probe' }] }), {
          code: 'capability_missing',
        });
      }),
  },
  {
    id: 'network-none-reaches-nothing',
    title: 'gives a sandbox without network its own loopback and nothing else',
    needs: having('network none is not enforced', ({ networkNone }) => networkNone),
    async run({ create }) {
      const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const sandbox = await create({ network: 'none' });
        const port = String((server.address() as AddressInfo).port);
        assert.notEqual((await runScript(sandbox, REACH, [port])).stdout.toString(), 'reached');
        assert.equal((await runScript(sandbox, LOOPBACK)).stdout.toString(), 'hello');
        const interfaces = `process.stdout.write(JSON.stringify(Object.values(require('node:os').networkInterfaces()).flat()
          .filter((each) => !each.internal)))`;
        assert.equal((await runScript(sandbox, interfaces)).stdout.toString(), '[]');
      } finally {
        server.close();
      }
    },
  },
  {
    id: 'memory-is-limited',
    title: 'ends a program that takes more memory than the limit, and tells out_of_memory',
    needs: having('no limit on memory', ({ limits }) => limits.memory),
    async run({ create }) {
      const sandbox = await create({ limits: { memoryMiB: MEMORY_MIB } });
      const script = `const kept = [];
        for (let taken = 0; taken < ${MEMORY_MIB * 3}; taken += 16) kept.push(Buffer.alloc(16 << 20, 1));
        process.stdout.write('took it all');`;
      const { stdout, exit } = await runScript(sandbox, script);
      assert.equal(stdout.toString(), '');
      assert.equal(exit.reason, 'out_of_memory');
    },
  },
  {
    id: 'processes-are-limited',
    title: 'lets a sandbox start no more processes than the limit',
    needs: having('no limit on processes', ({ limits }) => limits.processes),
    async run({ create }) {
      const sandbox = await create({ limits: { processes: PROCESSES } });
      const script = `const { spawn } = require('node:child_process');
        let started = 0;
        for (let index = 0; index < ${PROCESSES * 2}; index += 1) {
          const child = spawn('cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
          child.on('error', () => {});
          if (child.pid) started += 1;
        }
        process.stdout.write(String(started), () => process.exit(0));`;
      const { stdout } = await runScript(sandbox, script);
      const started = Number(stdout.toString());
      assert.ok(started > 0 && started < PROCESSES, `${started} of ${PROCESSES * 2} could be started`);
    },
  },
  {
    id: 'cpu-is-limited',
    title: 'gives a program no more of a CPU than the limit',
    needs: having('no limit on CPU', ({ limits }) => limits.cpu),
    async run({ create }) {
      const share = 0.05;
      const sandbox = await create({ limits: { cpus: share } });
      const script = `const begun = process.hrtime.bigint();
        const before = process.cpuUsage();
        while (process.hrtime.bigint() - begun < 1_000_000_000n);
        const { user, system } = process.cpuUsage(before);
        process.stdout.write(String((user + system) * 1000 / Number(process.hrtime.bigint() - begun)));`;
      const used = Number((await runScript(sandbox, script)).stdout.toString());
      // The limit holds a period at a time, hence the double; whatever else the machine does only makes it less.
      assert.ok(used > 0 && used <= share * 2, `it used ${used} of a CPU`);
    },
  },
  {
    id: 'limits-that-cannot-be-are-refused',
    title: 'refuses a limit with capability_missing when it cannot enforce it',
    needs: having(
      'every limit is enforced',
      ({ limits }) => !limits.memory || !limits.processes || !limits.cpu,
    ),
    async run({ create, provider, labels }) {
      const { limits } = (await provider.check()).capabilities;
      const refused = { code: 'capability_missing' };
      if (!limits.memory) await assert.rejects(create({ limits: { memoryMiB: 512 } }), refused);
      if (!limits.processes) await assert.rejects(create({ limits: { processes: 100 } }), refused);
      if (!limits.cpu) await assert.rejects(create({ limits: { cpus: 1 } }), refused);
      assert.deepEqual(await provider.list({ labels }), [], 'nothing is left of what was refused');
    },
  },
];

async function withMount(use: (source: string) => Promise<void>): Promise<void> {
  const source = await mkdtemp(join(tmpdir(), 'agent-testkit-mount-'));
  try {
    await writeFile(join(source, 'file'), 'from the host');
    // Nothing but the mount itself stands in the way of writing.
    await chmod(source, 0o777);
    await chmod(join(source, 'file'), 0o666);
    await use(source);
  } finally {
    await rm(source, { recursive: true, force: true });
  }
}
