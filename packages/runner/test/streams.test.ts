import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type FileEntry, LIMITS } from '@hhopkins/agent-protocol';
import { unpackTar } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { useBundle } from './support/bundle.ts';
import { useSandboxes } from './support/sandbox.ts';

const makeSandbox = useSandboxes(useBundle());

async function started() {
  const sandbox = makeSandbox();
  const engine = sandbox.connect();
  const hello = await engine.hello();
  engine.attach(hello.journal);
  await engine.setup();
  return { sandbox, engine, hello };
}

describe('reading a file', () => {
  it('gives its bytes, whatever they are', async () => {
    const { sandbox, engine } = await started();
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7919) % 256));
    writeFileSync(join(sandbox.workspace, 'data.bin'), bytes);
    expect(await engine.stream({ kind: 'file', path: 'data.bin' })).toEqual(bytes);
    writeFileSync(join(sandbox.workspace, 'empty'), '');
    expect(await engine.stream({ kind: 'file', path: 'empty' })).toHaveLength(0);
  });

  it('refuses what is missing, too large, or no file', async () => {
    const { sandbox, engine } = await started();
    mkdirSync(join(sandbox.workspace, 'folder'));
    writeFileSync(join(sandbox.workspace, 'huge'), Buffer.alloc(LIMITS.file + 1));
    const read = (path: string) => engine.stream({ kind: 'file', path });
    await expect(read('missing')).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(read('folder')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(read('huge')).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('follows links inside the workspace, never out of it', async () => {
    const { sandbox, engine } = await started();
    writeFileSync(join(sandbox.home, 'secret'), 'secret');
    writeFileSync(join(sandbox.workspace, 'real'), 'real');
    symlinkSync('real', join(sandbox.workspace, 'inside'));
    symlinkSync(join(sandbox.home, 'secret'), join(sandbox.workspace, 'outside'));
    symlinkSync('../home', join(sandbox.workspace, 'door'));
    expect((await engine.stream({ kind: 'file', path: 'inside' })).toString()).toBe('real');
    for (const path of ['outside', 'door/secret']) {
      await expect(engine.stream({ kind: 'file', path })).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  it.each(['../home/secret', '/etc/passwd', 'a/../../b', 'a//b', './a', 'a\\b', ''])(
    'refuses the path %j',
    async (path) => {
      const { engine } = await started();
      await expect(engine.stream({ kind: 'file', path })).rejects.toMatchObject({ code: 'invalid_request' });
    },
  );
});

describe('writing a file', () => {
  it('makes its folders, keeps or sets its mode, and is journaled before it is answered', async () => {
    const { sandbox, engine } = await started();
    const write = (path: string, text: string, mode?: number) =>
      engine.stream({ kind: 'write-file', path, mode }, [Buffer.from(text)]);
    await write('a/b/run.sh', 'first', 0o755);
    const path = join(sandbox.workspace, 'a/b/run.sh');
    expect(readFileSync(path, 'utf8')).toBe('first');
    expect(statSync(path).mode & 0o777).toBe(0o755);
    await write('a/b/run.sh', 'second');
    expect(readFileSync(path, 'utf8')).toBe('second');
    expect(statSync(path).mode & 0o777).toBe(0o755);
    await engine.event('file:modified');
    expect(readdirSync(join(sandbox.workspace, 'a/b'))).toEqual(['run.sh']);
  });

  it('takes as many chunks as it needs, and no more than a file may have', async () => {
    const { sandbox, engine } = await started();
    const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(LIMITS.streamChunk, index));
    await engine.stream({ kind: 'write-file', path: 'large' }, chunks);
    expect(readFileSync(join(sandbox.workspace, 'large'))).toEqual(Buffer.concat(chunks));
    const tooMany = Array.from({ length: 12 }, () => Buffer.alloc(1024 * 1024));
    await expect(engine.stream({ kind: 'write-file', path: 'huge' }, tooMany)).rejects.toMatchObject({
      code: 'payload_too_large',
    });
    expect(readdirSync(sandbox.workspace)).toEqual(['large']);
  });

  it('replaces a link instead of following it, and does not go through a folder link out', async () => {
    const { sandbox, engine } = await started();
    writeFileSync(join(sandbox.home, 'secret'), 'secret');
    symlinkSync(join(sandbox.home, 'secret'), join(sandbox.workspace, 'link'));
    symlinkSync('../home', join(sandbox.workspace, 'door'));
    await engine.stream({ kind: 'write-file', path: 'link' }, [Buffer.from('mine')]);
    expect(readFileSync(join(sandbox.workspace, 'link'), 'utf8')).toBe('mine');
    await expect(
      engine.stream({ kind: 'write-file', path: 'door/secret' }, [Buffer.from('mine')]),
    ).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(
      engine.stream({ kind: 'write-file', path: 'door/new/file' }, [Buffer.from('mine')]),
    ).rejects.toMatchObject({ code: 'invalid_request' });
    expect(readFileSync(join(sandbox.home, 'secret'), 'utf8')).toBe('secret');
    expect(readdirSync(sandbox.home)).toEqual(['secret']);
  });

  it('leaves nothing behind when the connection breaks off', async () => {
    const { sandbox, engine } = await started();
    engine.send({ type: 'open', id: 'half', target: { kind: 'write-file', path: 'half' } });
    engine.send({ type: 'stream', id: 'half', data: Buffer.from('half').toString('base64') });
    engine.send({ type: 'ping', id: 'written' });
    await engine.find('pong', (frame) => frame.type === 'pong');
    await engine.close();
    const next = sandbox.connect();
    await next.hello();
    expect(JSON.parse((await next.stream({ kind: 'scan' })).toString())).toEqual([]);
    expect(readdirSync(sandbox.workspace)).toEqual([]);
  });

  it('refuses to replace a folder', async () => {
    const { sandbox, engine } = await started();
    mkdirSync(join(sandbox.workspace, 'folder'));
    writeFileSync(join(sandbox.workspace, 'file'), '');
    for (const path of ['folder', 'file/below']) {
      await expect(engine.stream({ kind: 'write-file', path }, [Buffer.from('x')])).rejects.toMatchObject({
        code: 'invalid_request',
      });
    }
  });
});

describe('deleting a file', () => {
  it('removes it, or a link itself, and is journaled before it is answered', async () => {
    const { sandbox, engine } = await started();
    writeFileSync(join(sandbox.home, 'secret'), 'secret');
    symlinkSync(join(sandbox.home, 'secret'), join(sandbox.workspace, 'link'));
    await engine.stream({ kind: 'write-file', path: 'file' }, [Buffer.from('x')]);
    await engine.stream({ kind: 'delete-file', path: 'file' });
    await engine.event('file:deleted');
    await engine.stream({ kind: 'delete-file', path: 'link' });
    expect(readdirSync(sandbox.workspace)).toEqual([]);
    expect(readdirSync(sandbox.home)).toEqual(['secret']);
    await expect(engine.stream({ kind: 'delete-file', path: 'file' })).rejects.toMatchObject({
      code: 'file_not_found',
    });
  });
});

describe('a scan', () => {
  it('lists every file with hash, size and mode, and journals what changed first', async () => {
    const { sandbox, engine } = await started();
    writeFileSync(join(sandbox.workspace, 'a'), 'hello');
    chmodSync(join(sandbox.workspace, 'a'), 0o600);
    mkdirSync(join(sandbox.workspace, 'node_modules'));
    writeFileSync(join(sandbox.workspace, 'node_modules', 'ignored'), '');
    const entries = JSON.parse((await engine.stream({ kind: 'scan' })).toString()) as FileEntry[];
    expect(entries).toEqual([
      {
        path: 'a',
        hash: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
        size: 5,
        mode: 0o600,
        modifiedAt: expect.any(String),
      },
    ]);
    await engine.event('file:created');
  });
});

describe('the workspace as an archive', () => {
  it('holds files, folders and inner links; not what is ignored nor links that lead out', async () => {
    const { sandbox, engine } = await started();
    mkdirSync(join(sandbox.workspace, 'src'));
    mkdirSync(join(sandbox.workspace, '.git'));
    mkdirSync(join(sandbox.workspace, 'node_modules'));
    writeFileSync(join(sandbox.workspace, 'src', 'a.txt'), 'hello');
    writeFileSync(join(sandbox.workspace, '.git', 'HEAD'), 'ref: refs/heads/main');
    writeFileSync(join(sandbox.workspace, 'node_modules', 'ignored'), '');
    symlinkSync('src/a.txt', join(sandbox.workspace, 'inner'));
    symlinkSync('../home', join(sandbox.workspace, 'outer'));
    symlinkSync('/etc/passwd', join(sandbox.workspace, 'absolute'));
    const long = 'd'.repeat(120);
    writeFileSync(join(sandbox.workspace, long), 'long');
    const entries = await unpackTar(await engine.stream({ kind: 'workspace-tar' }));
    const names = entries.map(({ header }) => header.name).sort();
    expect(names).toEqual(['.git/', '.git/HEAD', long, 'inner', 'src/', 'src/a.txt'].sort());
    const file = entries.find(({ header }) => header.name === 'src/a.txt');
    expect(Buffer.from(file?.data ?? []).toString()).toBe('hello');
  });
});

describe('streams on a connection', () => {
  it('do not hold up events, answers and each other', async () => {
    const { sandbox, engine } = await started();
    writeFileSync(join(sandbox.workspace, 'large'), Buffer.alloc(8 * 1024 * 1024, 1));
    const [large, small] = [
      engine.stream({ kind: 'file', path: 'large' }),
      engine.stream({ kind: 'transcript' }),
    ];
    await engine.turn('text 200', 'a');
    await engine.event('turn:completed');
    expect(await large).toHaveLength(8 * 1024 * 1024);
    expect(JSON.parse((await small).toString())).toMatchObject({ subagents: [] });
  });

  it('are bounded in number', async () => {
    const { engine } = await started();
    for (let index = 0; index < 17; index += 1) {
      engine.send({ type: 'open', id: `up-${index}`, target: { kind: 'write-file', path: `file-${index}` } });
    }
    const refusal = await engine.find('the refusal', (frame) => frame.type === 'error');
    expect(refusal).toMatchObject({ id: 'up-16', code: 'capacity' });
  });
});
