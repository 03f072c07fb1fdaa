import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Sandbox } from '@hhopkins/agent-core';
import { packTar, type TarEntry, unpackTar } from 'modern-tar';
import type { Case } from '../../kit.ts';
import type { SandboxContext } from '../context.ts';
import { runScript } from '../programs.ts';

const file = (name: string, content: string | Uint8Array, mode = 0o644): TarEntry => {
  const body = Buffer.from(content);
  return { header: { name, size: body.length, mode, type: 'file' }, body };
};
const folder = (name: string, mode = 0o755): TarEntry => ({
  header: { name: `${name}/`, size: 0, mode, type: 'directory' },
});
const link = (name: string, linkname: string): TarEntry => ({
  header: { name, size: 0, type: 'symlink', linkname, mode: 0o777 },
});

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) & 0xff));

const TREE: TarEntry[] = [
  file('plain.txt', 'plain'),
  file('empty', ''),
  file('binary', CONTENT),
  file('run.sh', '#!/bin/sh\n', 0o755),
  file('private', 'private', 0o600),
  file('with  space and ünïcödé 🚀.txt', 'named'),
  folder('nested'),
  folder('nested/empty-folder'),
  file(`nested/${'long-'.repeat(40)}name`, 'long'),
  link('nested/link', '../plain.txt'),
  link('dangling', 'nowhere'),
];

interface Found {
  type: string | undefined;
  content: string | undefined;
  executable: boolean;
  mode: number | undefined;
  target: string | undefined;
}

/** What an archive holds, by names without a leading `./` or a trailing `/`. */
async function inspect(archive: Uint8Array): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  for (const { header, data } of await unpackTar(archive)) {
    assert.ok(!header.name.startsWith('/'), `${header.name} is relative`);
    const name = header.name.replace(/^(\.\/)+/, '').replace(/\/$/, '');
    if (name === '' || name === '.') continue;
    const isFile = header.type === 'file' || header.type === undefined;
    found.set(name, {
      type: header.type,
      content: isFile ? Buffer.from(data ?? []).toString('base64') : undefined,
      executable: ((header.mode ?? 0) & 0o100) !== 0,
      mode: header.mode === undefined ? undefined : header.mode & 0o777,
      target: header.type === 'symlink' ? header.linkname : undefined,
    });
  }
  return found;
}

async function exists(sandbox: Sandbox, path: string): Promise<boolean> {
  const script = `process.exit(require('node:fs').existsSync(process.argv[1]) ? 0 : 1)`;
  return (await runScript(sandbox, script, [path])).exit.code === 0;
}

export const archiveCases: readonly Case<SandboxContext>[] = [
  {
    id: 'archives-make-the-round-trip',
    title:
      'gives back as an archive what it was given: content, empty files and folders, links, modes, any name',
    async run({ create }) {
      const sandbox = await create();
      const path = `${sandbox.layout.workspace}/tree`;
      const sent = await packTar(TREE);
      await sandbox.putTar(path, sent);
      const [wanted, got] = [await inspect(sent), await inspect(await sandbox.getTar(path))];
      assert.deepEqual([...got.keys()].sort(), [...wanted.keys()].sort());
      for (const [name, entry] of wanted) {
        const { mode, ...rest } = entry;
        const { mode: gotMode, ...gotRest } = got.get(name) as Found;
        assert.deepEqual(gotRest, rest, name);
        if (entry.type !== 'symlink') assert.equal(gotMode, mode, `mode of ${name}`);
      }
    },
  },
  {
    id: 'unpacked-files-belong-to-the-sandbox',
    title: 'unpacks into a folder that it makes, for the user that programs run as',
    async run({ create }) {
      const sandbox = await create();
      const path = `${sandbox.layout.home}/made/for/it`;
      const archive = await packTar([
        { ...file('mine', 'mine'), header: { ...file('mine', 'mine').header, uid: 4242, gid: 4242 } },
      ]);
      await sandbox.putTar(path, archive);
      const script = `const { uid } = require('node:fs').statSync(process.argv[1]);
        process.stdout.write(String(uid === process.getuid()));`;
      assert.equal((await runScript(sandbox, script, [`${path}/mine`])).stdout.toString(), 'true');
      assert.equal((await runScript(sandbox, script, [path])).stdout.toString(), 'true');
    },
  },
  {
    id: 'unpacking-keeps-what-is-there',
    title: 'adds to what the folder holds, and replaces files of the same name',
    async run({ create }) {
      const sandbox = await create();
      const path = sandbox.layout.workspace;
      await sandbox.putTar(path, await packTar([file('old', 'stays'), file('same', 'before, and longer')]));
      await sandbox.putTar(path, await packTar([file('same', 'after'), file('new', 'comes')]));
      const found = await inspect(await sandbox.getTar(path));
      const text = (name: string) => Buffer.from(found.get(name)?.content ?? '', 'base64').toString();
      assert.deepEqual([text('old'), text('same'), text('new')], ['stays', 'after', 'comes']);
    },
  },
  {
    id: 'hostile-archives-stay-in-their-folder',
    title: 'writes nothing outside the folder for names with .., absolute names or links that lead out',
    async run({ create, token }) {
      const sandbox = await create();
      const path = `${sandbox.layout.workspace}/below/here`;
      const outside = `${sandbox.layout.workspace}/outside-${token}`;
      await sandbox.putTar(outside, await packTar([file('kept', 'kept')]));
      const hostile: TarEntry[][] = [
        [file(`../escaped-${token}`, 'x')],
        [file(`a/../../escaped-${token}`, 'x')],
        [file(`${outside}/absolute`, 'x')],
        [link('out', outside), file('out/through-link', 'x')],
        [link('up', '..'), file(`up/escaped-${token}`, 'x')],
      ];
      for (const entries of hostile) {
        // Refusing is as good as leaving out.
        await sandbox.putTar(path, await packTar(entries)).catch(() => {});
      }
      assert.equal(await exists(sandbox, `${sandbox.layout.workspace}/below/escaped-${token}`), false);
      const found = await inspect(await sandbox.getTar(outside));
      assert.deepEqual([...found.keys()], ['kept']);
    },
  },
  {
    id: 'packing-does-not-follow-links',
    title: 'packs a link as a link, not as what it leads to',
    async run({ create, token }) {
      const sandbox = await create();
      const { state, workspace } = sandbox.layout;
      await sandbox.putTar(state, await packTar([file('secret', token)]));
      const script = `const fs = require('node:fs');
        fs.symlinkSync(process.argv[1] + '/secret', process.argv[2] + '/file');
        fs.symlinkSync(process.argv[1], process.argv[2] + '/folder');`;
      await runScript(sandbox, script, [state, workspace]);
      const archive = await sandbox.getTar(workspace);
      assert.ok(!Buffer.from(archive).includes(token));
      const found = await inspect(archive);
      assert.deepEqual([found.get('file')?.target, found.get('folder')?.target], [`${state}/secret`, state]);
    },
  },
  {
    id: 'large-archives-pass',
    title: 'carries an archive of several MiB both ways',
    async run({ create }) {
      const sandbox = await create();
      const content = Buffer.from(
        Array.from({ length: 6_000_000 }, (_, index) => (index * 13 + (index >> 9)) & 0xff),
      );
      const path = `${sandbox.layout.workspace}/large`;
      await sandbox.putTar(path, await packTar([file('large', content)]));
      const found = await inspect(await sandbox.getTar(path));
      assert.ok(Buffer.from(found.get('large')?.content ?? '', 'base64').equals(content));
    },
  },
  {
    id: 'what-is-no-archive-is-refused',
    title: 'rejects bytes that are no archive, and a folder that is not there',
    async run({ create }) {
      const sandbox = await create();
      const { workspace } = sandbox.layout;
      await assert.rejects(sandbox.putTar(workspace, Buffer.alloc(2048, 'not a tar archive ')));
      await assert.rejects(sandbox.getTar(`${workspace}/no-such-folder`));
    },
  },
];
