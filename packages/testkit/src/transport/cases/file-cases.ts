import assert from 'node:assert/strict';
import { fileEntrySchema } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertProblem, send } from '../clients/http-client.ts';
import type { TransportContext } from '../context.ts';

const every = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);

/** Files, which an agent wrote and nobody trusts. */
export const fileCases: Case<TransportContext>[] = [
  {
    id: 'file-round-trip',
    title: 'a file is written, read back byte for byte, listed and deleted, whatever its name',
    async run({ script, url }) {
      script.addSession('s');
      for (const name of ['plain.bin', 'folder/file', 'a%b#c?d e+f.txt', 'é/ünï/😀', 'quote\'"(1).txt']) {
        const target = `/sessions/s/files/${name.split('/').map(encodeURIComponent).join('/')}`;
        assert.equal((await send(url, 'PUT', target, { body: every })).status, 204, name);
        const read = await send(url, 'GET', target);
        assert.equal(read.status, 200, name);
        assert.deepEqual(new Uint8Array(read.body), every, name);
        const { files } = (await send(url, 'GET', '/sessions/s/files')).json() as { files: unknown[] };
        assert.deepEqual(
          files.map((file) => fileEntrySchema.parse(file).path),
          [name],
        );
        assert.equal((await send(url, 'DELETE', target)).status, 204, name);
        assertProblem(await send(url, 'GET', target), 404, 'file_not_found');
      }
    },
  },
  {
    id: 'file-empty',
    title: 'an empty file is a file',
    async run({ script, url }) {
      script.addSession('s');
      assert.equal((await send(url, 'PUT', '/sessions/s/files/empty')).status, 204);
      const read = await send(url, 'GET', '/sessions/s/files/empty');
      assert.equal(read.status, 200);
      assert.equal(read.body.length, 0);
    },
  },
  {
    id: 'file-cached-by-hash',
    title: 'a file carries its hash as ETag, and is not sent again to who has it',
    async run({ script, url }) {
      script.addSession('s');
      await send(url, 'PUT', '/sessions/s/files/a.txt', { body: 'one' });
      const { headers } = await send(url, 'GET', '/sessions/s/files/a.txt');
      const tag = headers.etag ?? '';
      assert.match(tag, /^"[0-9a-f]{64}"$/);
      for (const header of [tag, `"other", W/${tag}`, '*']) {
        const again = await send(url, 'GET', '/sessions/s/files/a.txt', {
          headers: { 'if-none-match': header },
        });
        assert.equal(again.status, 304, header);
        assert.equal(again.body.length, 0);
      }
      await send(url, 'PUT', '/sessions/s/files/a.txt', { body: 'two' });
      const changed = await send(url, 'GET', '/sessions/s/files/a.txt', {
        headers: { 'if-none-match': tag },
      });
      assert.equal(changed.body.toString(), 'two');
    },
  },
  ...(
    [
      'page.html',
      'PAGE.HTM',
      'a.xhtml',
      'image.svg',
      'feed.xml',
      'paper.pdf',
      'unknown',
      'a.swf',
      'a.mht',
    ] as const
  ).map(
    (name): Case<TransportContext> => ({
      // [SAFE-hostile-files]
      id: `file-active-${name.toLowerCase().replace('.', '-')}`,
      title: `${name} is sent as an attachment, sandboxed and not sniffed`,
      async run({ script, url }) {
        script.addSession('s');
        await send(url, 'PUT', `/sessions/s/files/${name}`, { body: '<script>alert(1)</script>' });
        const { headers } = await send(url, 'GET', `/sessions/s/files/${name}`);
        assert.match(headers['content-disposition'] ?? '', /^attachment;/);
        assert.equal(headers['content-security-policy'], 'sandbox');
        assert.equal(headers['x-content-type-options'], 'nosniff');
      },
    }),
  ),
  {
    id: 'file-inline',
    title: 'images and text are shown in place, code as the text it is',
    async run({ script, url }) {
      script.addSession('s');
      for (const [name, type] of [
        ['a.png', /^image\/png$/],
        ['a.txt', /^text\/plain; charset=utf-8$/],
        ['a.js', /^text\/plain; charset=utf-8$/],
        ['a.css', /^text\/plain; charset=utf-8$/],
      ] as const) {
        await send(url, 'PUT', `/sessions/s/files/${name}`, { body: 'x' });
        const { headers } = await send(url, 'GET', `/sessions/s/files/${name}`);
        assert.equal(headers['content-disposition'], undefined, name);
        assert.match(headers['content-type'] ?? '', type);
        assert.equal(headers['content-security-policy'], 'sandbox');
      }
    },
  },
  {
    // [SAFE-hostile-files]
    id: 'workspace-and-transcript',
    title: 'workspace.tar and the transcript are raw and cannot run in a browser',
    async run({ script, url }) {
      script.addSession('s');
      const archive = await send(url, 'GET', '/sessions/s/workspace.tar');
      assert.equal(archive.headers['content-type'], 'application/x-tar');
      assert.match(archive.headers['content-disposition'] ?? '', /^attachment;/);
      assert.equal(archive.body.length % 512, 0);
      const transcript = await send(url, 'GET', '/sessions/s/transcript?subagentId=helper');
      assert.match(transcript.body.toString(), /transcript of helper/);
      assert.match(transcript.headers['content-type'] ?? '', /^text\/plain/);
      assert.equal(transcript.headers['content-security-policy'], 'sandbox');
    },
  },
];
