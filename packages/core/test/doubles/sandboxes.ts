import { AgentServerError } from '@hhopkins/agent-protocol';
import type { Sandbox, SandboxInfo, SandboxProvider, SandboxSpec } from '../../src/ports/sandbox.ts';
import type { FakeClock } from './clock.ts';
import { type Behaviour, createFakeRunner, type FakeRunner } from './runner.ts';
import { createFakeDisk, type FakeDisk, LAYOUT } from './sandbox-disk.ts';

export interface FakeSandbox {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly runner: FakeRunner;
  readonly disk: FakeDisk;
  alive: boolean;
  /** It is gone without a word. */
  lose(): void;
}

/** A provider whose sandboxes outlive the engines that made them. */
export interface FakeSandboxes extends SandboxProvider {
  readonly all: readonly FakeSandbox[];
  alive(): FakeSandbox[];
  /** What the runners of new sandboxes do with turns. */
  behaviour: Behaviour;
  /** What becomes of the next `create`s. */
  readonly creations: ('fail' | 'hang' | 'made-but-unknown')[];
  /** What becomes of the next `terminate`s: `hang` does nothing and never answers. */
  readonly endings: ('fail' | 'hang')[];
  /** Whether a sandbox that is looked for is found. */
  attaching: 'found' | 'hang';
  /** Every call fails. */
  unreachable: boolean;
  /** Called for each new sandbox. */
  onCreate: (sandbox: FakeSandbox) => void;
}

export function createFakeSandboxes(clock: FakeClock): FakeSandboxes {
  const all: FakeSandbox[] = [];
  const handle = (sandbox: FakeSandbox): Sandbox => {
    const check = () => {
      reach();
      if (!sandbox.alive) throw new AgentServerError('sandbox_lost', `sandbox ${sandbox.id} is gone`);
    };
    return {
      id: sandbox.id,
      provider: 'fake',
      layout: LAYOUT,
      async info() {
        reach();
        if (!sandbox.alive) throw new AgentServerError('sandbox_not_found', 'gone');
        return infoOf(sandbox);
      },
      async exec(argv) {
        check();
        if (!argv.includes('connect')) throw new Error(`exec of ${argv.join(' ')}`);
        return sandbox.runner.exec();
      },
      async putTar(path, tar) {
        check();
        await sandbox.disk.putTar(path, tar);
      },
      async getTar() {
        check();
        return new Uint8Array();
      },
      async terminate() {
        reach();
        const fault = provider.endings.shift();
        if (fault === 'fail') throw new AgentServerError('sandbox_unavailable', 'it does not end');
        if (fault === 'hang') return new Promise<never>(() => {});
        sandbox.alive = false;
        sandbox.runner.end();
      },
    };
  };
  const reach = () => {
    if (provider.unreachable) throw new Error('the provider cannot be reached');
  };
  const make = (spec: SandboxSpec): FakeSandbox => {
    const id = `sandbox-${all.length + 1}`;
    const disk = createFakeDisk(clock);
    const runner = createFakeRunner(id, spec.labels.session ?? '', clock, disk);
    runner.behaviour = provider.behaviour;
    const sandbox: FakeSandbox = {
      id,
      labels: spec.labels,
      createdAt: new Date(clock.now()).toISOString(),
      runner,
      disk,
      alive: true,
      lose() {
        sandbox.alive = false;
        runner.end();
      },
    };
    all.push(sandbox);
    provider.onCreate(sandbox);
    return sandbox;
  };

  const provider: FakeSandboxes = {
    name: 'fake',
    isolation: 'container',
    all,
    alive: () => all.filter(({ alive }) => alive),
    behaviour: 'answer',
    creations: [],
    endings: [],
    attaching: 'found',
    unreachable: false,
    onCreate: () => {},
    async check() {
      return {
        ok: true,
        capabilities: {
          isolation: 'container',
          survivesServer: true,
          mounts: true,
          networkNone: true,
          limits: { memory: false, processes: false, cpu: false },
        },
        problems: [],
      };
    },
    async create(spec) {
      reach();
      const fault = provider.creations.shift();
      if (fault === 'fail') throw new AgentServerError('sandbox_unavailable', 'no sandbox today');
      if (fault === 'hang') return new Promise<never>(() => {});
      spec.onProgress?.('Starting', 0.5);
      const made = make(spec);
      if (fault === 'made-but-unknown') throw new Error('the answer was lost');
      return handle(made);
    },
    async attach(sandboxId) {
      reach();
      if (provider.attaching === 'hang') return new Promise<never>(() => {});
      const sandbox = all.find(({ id }) => id === sandboxId);
      if (!sandbox?.alive) throw new AgentServerError('sandbox_not_found', `no sandbox ${sandboxId}`);
      return handle(sandbox);
    },
    async list({ labels }) {
      reach();
      return all
        .filter(
          (sandbox) =>
            sandbox.alive && Object.entries(labels).every(([name, value]) => sandbox.labels[name] === value),
        )
        .map(infoOf);
    },
  };
  return provider;
}

const infoOf = ({ id, labels, createdAt, alive }: FakeSandbox): SandboxInfo => ({
  id,
  labels,
  createdAt,
  status: alive ? 'running' : 'exited',
});
