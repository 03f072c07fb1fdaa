import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connectControl, relayPlaces } from '@hhopkins/agent-relay';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askModel } from './support/ask-model.ts';
import { grantTo, KEY, makeGateway, SESSION, startModel } from './support/gateway.ts';
import { eventually, makeFolder, relayIn, simulatorIn } from './support/host.ts';

const echoKey = () =>
  startModel((request, response) => void response.end(`key=${request.headers['x-api-key'] === KEY}`));

describe('a gateway with a key', () => {
  it('says where the model is', async () => {
    expect((await makeGateway({ anthropic: { apiKey: KEY } })).description).toBe(
      'Anthropic at api.anthropic.com',
    );
  });

  it('grants a session the socket of the relay and a token, and no key', async () => {
    const gateway = await makeGateway({ anthropic: { apiKey: KEY } });
    const access = await gateway.grant(SESSION);
    expect(access.mounts).toEqual([{ name: 'relay', source: expect.any(String), target: '/run/relay' }]);
    const layout = { workspace: '/w', home: '/h', state: '/s', node: '/n', mounts: { relay: '/run/relay' } };
    expect(access.relaySocket?.(layout)).toBe('/run/relay/relay.sock');
    expect(Object.keys(access.environment)).toEqual(['ANTHROPIC_API_KEY']);
    expect(JSON.stringify(access)).not.toContain(KEY);
  });

  it('says so when the sandbox cannot have the socket', async () => {
    const access = await (await makeGateway({ anthropic: { apiKey: KEY } })).grant(SESSION);
    const layout = { workspace: '/w', home: '/h', state: '/s', node: '/n', mounts: {} };
    expect(() => access.relaySocket?.(layout)).toThrow(
      expect.objectContaining({ code: 'capability_missing' }),
    );
  });

  it('leads agents to the model', async () => {
    const gateway = await makeGateway({ anthropic: { apiKey: KEY, baseUrl: await echoKey() } });
    await gateway.start();
    expect(await askModel(await grantTo(gateway))).toEqual({ status: 200, body: 'key=true' });
  });

  it('goes on with the same tokens when the relay was killed', async () => {
    const directory = await makeFolder();
    const gateway = await makeGateway({ directory, anthropic: { apiKey: KEY, baseUrl: await echoKey() } });
    await gateway.start();
    const access = await grantTo(gateway);
    const killed = await relayPid(directory);
    process.kill(killed, 'SIGKILL');
    await eventually(async () => {
      expect(await relayPid(directory)).not.toBe(killed);
      expect(await askModel(access)).toEqual({ status: 200, body: 'key=true' });
    });
  });

  it('takes over the relay of the server before, and its tokens stay good', async () => {
    const directory = await makeFolder();
    const options = { directory, anthropic: { apiKey: KEY, baseUrl: await echoKey() } };
    const before = await makeGateway(options);
    await before.start();
    const access = await grantTo(before);
    const pid = await relayPid(directory);
    await before.stop({ runs: 'leave' });
    expect(await askModel(access)).toEqual({ status: 200, body: 'key=true' });

    await (await makeGateway(options)).start();
    expect(await relayPid(directory)).toBe(pid);
    expect(await askModel(access)).toEqual({ status: 200, body: 'key=true' });
  });

  it('brings a key that has changed since', async () => {
    const directory = await makeFolder();
    const baseUrl = await echoKey();
    const before = await makeGateway({ directory, anthropic: { apiKey: 'sk-ant-before', baseUrl } });
    await before.start();
    const access = await grantTo(before);
    expect((await askModel(access)).body).toBe('key=false');
    await before.stop({ runs: 'leave' });
    await (await makeGateway({ directory, anthropic: { apiKey: KEY, baseUrl } })).start();
    expect((await askModel(access)).body).toBe('key=true');
  });

  it('shows the key nowhere on the disk and in no argument', async () => {
    const directory = await makeFolder();
    const gateway = await makeGateway({ directory, anthropic: { apiKey: KEY, baseUrl: await echoKey() } });
    await gateway.start();
    const access = await grantTo(gateway);
    await askModel(access);
    await askModel({ ...access, token: KEY });
    const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((file) =>
      file.isFile(),
    );
    const contents = await Promise.all(
      files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')),
    );
    expect(files.map(({ name }) => name)).toContain('agent-relay.log');
    expect(contents.join()).not.toContain(KEY);
    expect(contents.join()).not.toContain(access.token);
    if (process.platform !== 'linux') return;
    const pid = await relayPid(directory);
    for (const file of ['cmdline', 'environ']) {
      expect(await readFile(`/proc/${pid}/${file}`, 'latin1')).not.toContain(KEY);
    }
  });

  it('keeps its secret for itself', async () => {
    const directory = await makeFolder();
    await (await makeGateway({ directory, anthropic: { apiKey: KEY } })).start();
    expect((await stat(join(directory, 'secret'))).mode & 0o777).toBe(0o600);
  });

  it.each([
    [{ apiKey: KEY, baseUrl: 'api.anthropic.com' }, 'models.anthropic.baseUrl'],
    [{ apiKey: `${KEY}\n` }, 'models.anthropic.apiKey'],
  ])('refuses what cannot be right, and does not repeat it', async (anthropic, where) => {
    const making = makeGateway({ anthropic });
    await expect(making).rejects.toMatchObject({ code: 'invalid_configuration' });
    await expect(making).rejects.toThrow(where);
    await expect(making).rejects.not.toThrow(KEY);
  });
});

describe('a revoked session', () => {
  it('loses its model at once; a new token of it is good', async () => {
    const gateway = await makeGateway({ anthropic: { apiKey: KEY, baseUrl: await echoKey() } });
    await gateway.start();
    const access = await grantTo(gateway);
    const other = await grantTo(gateway, { ...SESSION, sessionId: 'session-2' });
    await gateway.revoke(SESSION.sessionId);
    expect((await askModel(access)).status).toBe(401);
    expect((await askModel(other)).status).toBe(200);
    expect((await askModel(await grantTo(gateway))).status).toBe(200);
  });

  it('stays without when the relay is started again', async () => {
    const directory = await makeFolder();
    const gateway = await makeGateway({ directory, anthropic: { apiKey: KEY, baseUrl: await echoKey() } });
    await gateway.start();
    const access = await grantTo(gateway);
    await gateway.revoke(SESSION.sessionId);
    const killed = await relayPid(directory);
    process.kill(killed, 'SIGKILL');
    await eventually(async () => expect(await relayPid(directory)).not.toBe(killed));
    await eventually(async () => expect((await askModel(access)).status).toBe(401));
  });
});

describe('a gateway without a key', () => {
  it('uses the simulator when it is given one', async () => {
    const gateway = await makeGateway({ simulator: simulatorIn(await makeFolder()) });
    expect(gateway.description).toBe('the model simulator');
    await gateway.start();
    const answer = await askModel(await grantTo(gateway), 'sim:text content="played"');
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('played');
  });

  it('finds the simulator again when it was killed', async () => {
    const simulator = simulatorIn(await makeFolder());
    const gateway = await makeGateway({ simulator });
    await gateway.start();
    const access = await grantTo(gateway);
    const { handshake } = await simulator.ensure();
    process.kill(handshake.pid, 'SIGKILL');
    await eventually(async () => expect(simulator.current()?.handshake.pid).not.toBe(handshake.pid));
    await eventually(async () => expect((await askModel(access)).status).toBe(200));
  });

  it('starts no simulator when it has a key', async () => {
    const simulator = simulatorIn(await makeFolder());
    const gateway = await makeGateway({ simulator, anthropic: { apiKey: KEY } });
    await gateway.start();
    expect(gateway.description).toBe('Anthropic at api.anthropic.com');
    expect(simulator.current()).toBeUndefined();
  });

  it('has no model otherwise, and says what to set', async () => {
    const gateway = await makeGateway();
    expect(gateway.description).toContain('ANTHROPIC_API_KEY');
    await expect(gateway.grant(SESSION)).rejects.toMatchObject({ code: 'capability_missing' });
  });

  it('has no model for an agent that it does not know', async () => {
    const gateway = await makeGateway({ anthropic: { apiKey: KEY } });
    const grant = gateway.grant({ ...SESSION, architecture: 'abacus' });
    await expect(grant).rejects.toMatchObject({ code: 'capability_missing' });
  });
});

describe('stopping a gateway', () => {
  it('ends the relay and the simulator when that is wanted', async () => {
    const directory = await makeFolder();
    const simulator = simulatorIn(await makeFolder());
    const gateway = await makeGateway({ directory, simulator });
    await gateway.start();
    const { url } = await simulator.ensure();
    await gateway.stop({ runs: 'end' });
    await expect(relayPid(directory)).rejects.toMatchObject({ code: 'connection_lost' });
    await expect(fetch(url)).rejects.toThrow();
  });

  it('is possible when it was never started', async () => {
    const directory = await makeFolder();
    const { handshake } = await relayIn(directory).ensure();
    const gateway = await makeGateway({ directory, anthropic: { apiKey: KEY } });
    await gateway.stop({ runs: 'end' });
    expect(await relayPid(directory)).toBe(handshake.pid);
  });
});

it('a folder with a long path has its sockets elsewhere, and the secret stays', async () => {
  const directory = join(await makeFolder(), 'x'.repeat(120));
  const gateway = await makeGateway({ directory, anthropic: { apiKey: KEY, baseUrl: await echoKey() } });
  await gateway.start();
  const access = await grantTo(gateway);
  onTestFinished(() => rm(dirname(dirname(access.socket)), { recursive: true, force: true }));
  expect(access.socket).not.toContain(directory);
  expect(await askModel(access)).toEqual({ status: 200, body: 'key=true' });
  expect(await readdir(directory)).toEqual(['secret']);
});

async function relayPid(directory: string): Promise<number> {
  const control = await connectControl({ path: relayPlaces(directory).control });
  control.close();
  return control.hello.pid;
}
