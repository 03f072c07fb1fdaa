import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectControl, relayPlaces } from '@hhopkins/agent-relay';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHostProcess } from '../src/host-processes/host-process.ts';
import { identifyProcess } from '../src/host-processes/process-identity.ts';
import {
  createTestLogger,
  endedWithTest,
  eventually,
  gone,
  makeFolder,
  QUICK,
  relayIn,
  simulatorIn,
} from './support/host.ts';
import { startOtherServer } from './support/start-other-server.ts';

describe('a host process', () => {
  it('is started in a session of its own, with its log in the folder', async () => {
    const directory = await makeFolder();
    const { handshake } = await relayIn(directory).ensure();
    expect(handshake.pid).not.toBe(process.pid);
    expect(await readFile(join(directory, 'agent-relay.log'), 'utf8')).toContain('relay:listening');
    expect((await stat(join(directory, 'agent-relay.log'))).mode & 0o777).toBe(0o600);
    // A process that leads its group hears nothing of the signals to the server's.
    expect(process.kill(-handshake.pid, 0)).toBe(true);
  });

  // Where /proc does not show it there is no way to look.
  it.skipIf(process.platform !== 'linux')('gets no environment but the one that it is given', async () => {
    const directory = await makeFolder();
    const { handshake } = await relayIn(directory, { environment: { LANG: 'C' } }).ensure();
    const environment = await readFile(`/proc/${handshake.pid}/environ`, 'utf8');
    expect(environment.split('\0').filter(Boolean)).toEqual(['LANG=C']);
  });

  it('is started again when it dies, and whoever asked is told', async () => {
    const relay = relayIn(await makeFolder());
    const lost: number[] = [];
    relay.onExit(({ pid }) => void lost.push(pid));
    const first = await relay.ensure();
    process.kill(first.handshake.pid, 'SIGKILL');
    await first.closed;
    const second = await eventually(async () => {
      const connection = await relay.ensure();
      if (connection === first) throw new Error('The loss has not been noticed yet.');
      return connection;
    });
    expect(second.handshake.pid).not.toBe(first.handshake.pid);
    expect(lost).toEqual([first.handshake.pid]);
  });

  it('is started again when it hangs', async () => {
    const directory = await makeFolder();
    const relay = relayIn(directory, { timings: { ...QUICK, probeTimeoutMs: 300 } });
    const first = await relay.ensure();
    process.kill(first.handshake.pid, 'SIGSTOP');
    await gone(first.handshake.pid);
    await eventually(async () => {
      const { handshake } = await relay.ensure();
      expect(handshake.pid).not.toBe(first.handshake.pid);
    });
  });

  it('says why when it cannot be started', async () => {
    const directory = await makeFolder();
    await writeFile(join(directory, 'broken.mjs'), 'console.error("no luck today"); process.exit(3);');
    const broken = endedWithTest(
      createHostProcess({
        program: {
          name: 'broken',
          argv: [join(directory, 'broken.mjs')],
          connect: () => Promise.reject(new Error('Nobody is there.')),
        },
        directory,
        environment: {},
        logger: createTestLogger(),
      }),
    );
    await expect(broken.ensure()).rejects.toThrow(
      `broken ended with code 3 before it was ready: no luck today. Its log is ${join(directory, 'broken.log')}.`,
    );
  });
});

describe('the process of an earlier server', () => {
  it('goes on when that server is killed, and is taken over', async () => {
    const directory = await makeFolder();
    const other = await startOtherServer(directory);
    await other.kill();
    const { handshake } = await relayIn(directory).ensure();
    expect(handshake.pid).toBe(other.relayPid);
  });

  it('is taken over from a port, too', async () => {
    const directory = await makeFolder();
    const earlier = simulatorIn(directory);
    const { handshake, url } = await earlier.ensure();
    await earlier.stop({ runs: 'leave' });
    const taken = await simulatorIn(directory).ensure();
    expect(taken).toMatchObject({ url, handshake });
  });

  it('is not mistaken for another one that has its port', async () => {
    const directory = await makeFolder();
    const elsewhere = await simulatorIn(await makeFolder()).ensure();
    await writeFile(join(directory, 'agent-simulator.out'), `${JSON.stringify({ url: elsewhere.url })}\n`);
    await writeFile(
      join(directory, 'agent-simulator.json'),
      JSON.stringify({ pid: process.pid, startedAt: 'another time' }),
    );
    const { handshake } = await simulatorIn(directory).ensure();
    expect(handshake.pid).not.toBe(elsewhere.handshake.pid);
    expect(await identifyProcess(process.pid)).toBeDefined();
  });

  it('is ended and started again when it does not answer', async () => {
    const directory = await makeFolder();
    const earlier = simulatorIn(directory);
    const { handshake } = await earlier.ensure();
    await earlier.stop({ runs: 'leave' });
    process.kill(handshake.pid, 'SIGSTOP');
    onTestFinished(async () => {
      if (await identifyProcess(handshake.pid)) process.kill(handshake.pid, 'SIGKILL');
    });
    const started = await simulatorIn(directory).ensure();
    expect(started.handshake.pid).not.toBe(handshake.pid);
    expect(await identifyProcess(handshake.pid)).toBeUndefined();
  });

  it('ends by itself when no server takes it over', async () => {
    const other = await startOtherServer(await makeFolder(), 200);
    await other.kill();
    await gone(other.relayPid);
  });
});

describe('two servers in one folder', () => {
  it('that start at once share one process', async () => {
    const directory = await makeFolder();
    const [here, there] = await Promise.all([relayIn(directory).ensure(), startOtherServer(directory)]);
    expect(there.relayPid).toBe(here.handshake.pid);
  });

  it('do not take it from each other when one is stopped', async () => {
    const directory = await makeFolder();
    const relay = relayIn(directory);
    const { handshake } = await relay.ensure();
    const other = await startOtherServer(directory);
    await relay.stop({ runs: 'end' });
    expect(await identifyProcess(handshake.pid)).toBeDefined();
    await other.kill();
    const last = relayIn(directory);
    await last.ensure();
    await last.stop({ runs: 'end' });
    expect(await identifyProcess(handshake.pid)).toBeUndefined();
  });
});

describe('a process of another version', () => {
  /** The relay, as a server of another version wants it. */
  function relayOfVersion(version: string, directory: string) {
    return endedWithTest(
      createHostProcess({
        program: {
          name: 'agent-relay',
          version,
          argv: ['not a program'],
          async connect() {
            const control = await connectControl({ path: relayPlaces(directory).control });
            return {
              handshake: control.hello,
              closed: control.closed,
              probe: async () => void (await control.status()),
              usage: async () => ({ otherServers: (await control.status()).attendants - 1, busy: false }),
              requestEnd: () => control.stop(),
              close: () => control.close(),
            };
          },
        },
        directory,
        environment: {},
        logger: createTestLogger(),
        timings: QUICK,
      }),
    );
  }

  it('is replaced when nobody uses it', async () => {
    const directory = await makeFolder();
    const other = await startOtherServer(directory);
    await other.kill();
    await relayOfVersion('9.9.9', directory)
      .ensure()
      .catch(() => {});
    await gone(other.relayPid);
  });

  it('is used as it is while another server uses it, and replaced after that', async () => {
    const directory = await makeFolder();
    const other = await startOtherServer(directory);
    const { handshake } = await relayOfVersion('9.9.9', directory).ensure();
    expect(handshake.pid).toBe(other.relayPid);
    await other.kill();
    await gone(other.relayPid);
  });
});

describe('stopping', () => {
  it('ends the process', async () => {
    const directory = await makeFolder();
    const relay = relayIn(directory);
    const { handshake } = await relay.ensure();
    await relay.stop({ runs: 'end' });
    expect(await identifyProcess(handshake.pid)).toBeUndefined();
    await expect(stat(relayPlaces(directory).control)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends one that has no word for it', async () => {
    const simulator = simulatorIn(await makeFolder());
    const { handshake } = await simulator.ensure();
    await simulator.stop({ runs: 'end' });
    expect(await identifyProcess(handshake.pid)).toBeUndefined();
  });

  it('leaves it running when told so', async () => {
    const directory = await makeFolder();
    const relay = relayIn(directory);
    const { handshake } = await relay.ensure();
    await relay.stop({ runs: 'leave' });
    expect(await identifyProcess(handshake.pid)).toBeDefined();
    expect((await relayIn(directory).ensure()).handshake.pid).toBe(handshake.pid);
  });

  it('before anything was started starts and ends nothing', async () => {
    const relay = relayIn(await makeFolder());
    await relay.stop({ runs: 'end' });
    await expect(relay.ensure()).rejects.toMatchObject({ code: 'shutting_down' });
  });
});
