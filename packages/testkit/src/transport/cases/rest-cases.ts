import assert from 'node:assert/strict';
import {
  createSessionResponseSchema,
  getSessionResponseSchema,
  healthSchema,
  listSessionsResponseSchema,
  sendMessageResponseSchema,
  sessionSchema,
} from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertProblem, send, sendJson } from '../clients/http-client.ts';
import type { TransportContext } from '../context.ts';

const permission = {
  type: 'permission:requested' as const,
  payload: { requestId: 'r1', conversationId: 'main', toolName: 'Bash', input: { command: 'ls' } },
};

/** The routes, used as they are meant to be. */
export const restCases: Case<TransportContext>[] = [
  {
    id: 'session-life',
    title: 'a session is created, read, listed, changed, ended and purged',
    async run({ url }) {
      const created = await sendJson(url, 'POST', '/sessions/create', {
        architecture: 'scripted',
        name: 'One',
      });
      assert.equal(created.status, 201);
      const { sessionId } = createSessionResponseSchema.parse(created.json());
      const path = `/sessions/${encodeURIComponent(sessionId)}`;
      const got = await send(url, 'GET', path);
      assert.equal(getSessionResponseSchema.parse(got.json()).session.sessionId, sessionId);
      const listed = listSessionsResponseSchema.parse((await send(url, 'GET', '/sessions?limit=10')).json());
      assert.deepEqual(
        listed.sessions.map((each) => each.sessionId),
        [sessionId],
      );
      const changed = await sendJson(url, 'PATCH', path, { name: 'Two' });
      assert.equal(changed.status, 200);
      assert.equal(sessionSchema.parse(changed.json()).name, 'Two');
      assert.equal((await send(url, 'DELETE', path)).status, 204);
      const ended = getSessionResponseSchema.parse((await send(url, 'GET', path)).json());
      assert.equal(ended.session.status, 'terminated');
      assert.equal((await send(url, 'DELETE', `${path}?purge=true`)).status, 204);
      assertProblem(await send(url, 'GET', path), 404, 'session_not_found');
    },
  },
  {
    id: 'session-at-seq',
    title: 'a session is read as it was at a seq',
    async run({ script, url }) {
      script.addSession('s', 5);
      const then = getSessionResponseSchema.parse((await send(url, 'GET', '/sessions/s?at=3')).json());
      assert.equal(then.seq, 3);
      assertProblem(await send(url, 'GET', '/sessions/s?at=99'), 400, 'invalid_request');
    },
  },
  {
    id: 'message-once',
    title: 'a message is acknowledged with 202, and sent again with its key it is the same message',
    async run({ script, url }) {
      script.addSession('s');
      const post = (content: string) =>
        sendJson(url, 'POST', '/sessions/s/message', { content }, { 'idempotency-key': 'k1' });
      const first = await post('hello');
      assert.equal(first.status, 202);
      const { messageId } = sendMessageResponseSchema.parse(first.json());
      assert.deepEqual((await post('hello')).json(), first.json());
      assertProblem(await post('another'), 422, 'idempotency_key_reused');
      const withdrawn = await send(url, 'DELETE', `/sessions/s/messages/${messageId}`);
      assert.deepEqual(sessionSchema.parse(withdrawn.json()).queue, []);
    },
  },
  {
    id: 'commands-reach-engine',
    title: 'interrupt, sync and wake answer with the session; a body is not asked for',
    async run({ script, url }) {
      script.addSession('s');
      for (const command of ['interrupt', 'sync', 'wake']) {
        const answer = await send(url, 'POST', `/sessions/s/${command}`);
        assert.equal(answer.status, 200, command);
        sessionSchema.parse(answer.json());
      }
      assert.deepEqual(
        script.calls.map(({ method, caller }) => [method, caller.principal]),
        [
          ['interrupt', 'local'],
          ['sync', 'local'],
          ['wake', 'local'],
        ],
      );
    },
  },
  {
    id: 'answer-permission',
    title: 'a permission is answered once; an answer to nothing is request_not_found',
    async run({ script, url }) {
      script.addSession('s');
      script.emit('s', [permission]);
      const answer = () => sendJson(url, 'POST', '/sessions/s/permissions/r1', { decision: 'allow' });
      const answered = await answer();
      assert.equal(answered.status, 200);
      assert.deepEqual(sessionSchema.parse(answered.json()).pending.permissions, []);
      assertProblem(await answer(), 404, 'request_not_found');
      assertProblem(
        await sendJson(url, 'POST', '/sessions/s/permissions/r1', { decision: 'maybe' }),
        400,
        'invalid_request',
      );
      assertProblem(
        await sendJson(url, 'POST', '/sessions/s/questions/q1', { answers: {} }),
        404,
        'request_not_found',
      );
    },
  },
  {
    id: 'health-and-ready',
    title: 'health tells what the server is made of; ready turns 503 with the reason',
    async run({ script, url }) {
      const health = await send(url, 'GET', '/health');
      assert.equal(healthSchema.parse(health.json()).status, 'ok');
      assert.equal((await send(url, 'GET', '/ready')).status, 200);
      script.setStatus({ ready: false, problems: ['The disk is full.'] });
      const unready = await send(url, 'GET', '/ready');
      assertProblem(unready, 503, 'store_unavailable');
      assert.match(unready.body.toString(), /The disk is full\./);
      assert.equal((await send(url, 'GET', '/health')).status, 200, 'health goes on answering');
    },
  },
  {
    id: 'metrics-text',
    title: 'metrics are in the text format of Prometheus',
    async run({ url }) {
      const { headers, body } = await send(url, 'GET', '/metrics');
      assert.match(headers['content-type'] ?? '', /^text\/plain/);
      for (const line of body.toString().trimEnd().split('\n')) {
        assert.match(line, /^(# (TYPE|HELP) .+|[a-zA-Z_:][\w:]*(\{.*\})? (NaN|[+-]?Inf|-?[\d.e+-]+))$/);
      }
      assert.match(body.toString(), /^agent_server_events_total 3$/m);
    },
  },
  {
    id: 'openapi-complete',
    title: 'openapi.json names every route, and each reference in it leads somewhere',
    async run({ url }) {
      const { body } = await send(url, 'GET', '/openapi.json');
      const document = JSON.parse(body.toString()) as {
        openapi: string;
        paths: Record<string, unknown>;
        components: { schemas: Record<string, unknown> };
      };
      assert.match(document.openapi, /^3\.1/);
      for (const path of [
        '/sessions/create',
        '/sessions/{sessionId}/events',
        '/sessions/{sessionId}/files/{path}',
      ]) {
        assert.ok(document.paths[path], path);
      }
      for (const [, name = ''] of body.toString().matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
        assert.ok(document.components.schemas[name], `the schema ${name} is there`);
      }
    },
  },
  {
    id: 'docs-self-contained',
    title: 'the docs page loads nothing and runs nothing',
    async run({ url }) {
      const { status, headers, body } = await send(url, 'GET', '/docs');
      assert.equal(status, 200);
      assert.match(headers['content-type'] ?? '', /^text\/html/);
      assert.doesNotMatch(body.toString(), /<script|src=|https?:\/\//i);
    },
  },
  {
    id: 'head-and-options',
    title: 'HEAD answers as GET without the body, OPTIONS with what is allowed',
    async run({ script, url }) {
      script.addSession('s');
      const head = await send(url, 'HEAD', '/sessions/s');
      assert.equal(head.status, 200);
      assert.equal(head.body.length, 0);
      const options = await send(url, 'OPTIONS', '/sessions/s');
      assert.equal(options.status, 204);
      assert.match(options.headers.allow ?? '', /GET.*PATCH.*DELETE/);
      const stream = await send(url, 'HEAD', '/sessions/s/events', {
        headers: { accept: 'text/event-stream' },
      });
      assert.equal(stream.status, 200, 'and does not open a stream');
      assert.equal(script.followers, 0);
    },
  },
  {
    id: 'no-version-header',
    title: 'no header tells what the server is built with',
    async run({ url }) {
      const { headers } = await send(url, 'GET', '/health');
      assert.equal(headers.server, undefined);
      assert.equal(headers['x-powered-by'], undefined);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    },
  },
];
