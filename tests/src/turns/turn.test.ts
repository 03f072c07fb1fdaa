import { describe, expect, it } from 'vitest';
import { ofType, textOf } from '../harness/blocks.ts';
import { TOGETHER } from '../harness/deadline.ts';
import type { Transport } from '../harness/follow.ts';
import { ISOLATIONS, type Isolation } from '../harness/place.ts';
import { sharedPlace } from '../harness/shared-place.ts';

/** Each kind of sandbox is watched over another transport. */
const TRANSPORTS: Record<Isolation, Transport> = { plain: 'websocket', bubblewrap: 'sse' };

describe.each(ISOLATIONS)('a turn of Claude in a %s sandbox', TOGETHER, (sandbox) => {
  const place = sharedPlace({ sandbox });
  const newSession = () => place().session({ transport: TRANSPORTS[sandbox] });

  it('streams thinking and text as they come [TURN-streams-text]', async () => {
    const { seen, turn } = await newSession();
    const ending = await turn(
      'sim:thinking thought="Let me think about it." content="Here is what I found."',
    );
    expect(ending.type).toBe('turn:completed');

    const { blocks } = seen.state().conversation;
    for (const type of ['thinking', 'assistant_text'] as const) {
      const [block] = ofType(blocks, type);
      expect(block).toMatchObject({ status: 'complete' });
      const upserts = seen.events.filter(
        (event) => event.type === 'block:upsert' && event.payload.block.id === block?.id,
      );
      const [first] = upserts;
      expect(first).toMatchObject({ payload: { block: { status: 'pending' } } });
      const begun = (first as { payload: { block: { content: string } } } | undefined)?.payload.block.content;
      const deltas = seen.events.flatMap((event) =>
        event.type === 'block:delta' && event.payload.blockId === block?.id ? [event.payload.delta] : [],
      );
      expect(deltas.length).toBeGreaterThan(0);
      expect(`${begun}${deltas.join('')}`).toBe(block?.content);
    }
    expect(textOf(blocks)).toBe('Here is what I found.');
  });

  it('really runs the command and writes the file, tells of it, and keeps it [TURN-really-done] [TURN-tool-results]', async () => {
    const { id, seen, turn } = await newSession();
    await turn(
      'sim:shell-and-write cmd="printf made-by-shell > shell.txt; cat shell.txt" path=folder/hello.txt content="hello\\n"',
    );

    const { blocks } = seen.state().conversation;
    const calls = ofType(blocks, 'tool_use');
    const results = ofType(blocks, 'tool_result');
    expect(calls.map(({ toolName }) => toolName)).toEqual(['Bash', 'Write']);
    expect(results.map(({ toolUseId }) => toolUseId)).toEqual(calls.map(({ toolUseId }) => toolUseId));
    expect(results[0]).toMatchObject({ output: expect.stringContaining('made-by-shell'), isError: false });
    expect(await place().rest.file(id, 'shell.txt')).toBe('made-by-shell');
    expect(await place().rest.file(id, 'folder/hello.txt')).toBe('hello\n');

    // [TURN-file-events]
    for (const path of ['shell.txt', 'folder/hello.txt']) {
      await seen.until('file:created', ({ payload }) => payload.path === path);
    }
    // [LIFE-in-store] [LAW-10-mirrored-each-turn]
    await seen.until('transcript:saved');
    await seen.until('workspace:saved');
    const { query } = place().store;
    expect(
      query('SELECT path, content FROM agent_workspace_files WHERE session_id = ? ORDER BY path', id),
    ).toEqual([
      { path: 'folder/hello.txt', content: 'hello\n' },
      { path: 'shell.txt', content: 'made-by-shell' },
    ]);
    const [transcript] = query<{ raw: string }>('SELECT raw FROM agent_transcripts WHERE session_id = ?', id);
    expect(transcript?.raw).toContain('made-by-shell');
  });

  it('tells of files that change and go [TURN-file-events]', async () => {
    const { seen, turn } = await newSession();
    await turn('sim:write path=notes.txt content=first');
    const { payload: created } = await seen.until(
      'file:created',
      ({ payload }) => payload.path === 'notes.txt',
    );
    await turn('sim:shell cmd="printf second-text > notes.txt"');
    const { payload: modified } = await seen.until(
      'file:modified',
      ({ payload }) => payload.path === 'notes.txt',
    );
    expect(modified).toMatchObject({ size: 'second-text'.length });
    expect(modified.hash).not.toBe(created.hash);
    await turn('sim:shell cmd="rm notes.txt"');
    await seen.until('file:deleted', ({ payload }) => payload.path === 'notes.txt');
    expect(seen.state().files).toEqual([]);
  });

  it('shows a subagent with its own conversation [TURN-subagent]', async () => {
    const { seen, turn } = await newSession();
    await turn('sim:subagent cmd="echo from-the-subagent"');
    const { blocks, subagents } = seen.state().conversation;
    const [block] = ofType(blocks, 'subagent');
    expect(block).toMatchObject({ status: 'complete' });
    expect(subagents).toEqual([expect.objectContaining({ id: block?.subagentId, status: 'complete' })]);
    expect(ofType(subagents[0]?.blocks ?? [], 'tool_result')).toEqual([
      expect.objectContaining({ output: expect.stringContaining('from-the-subagent') }),
    ]);
    await seen.until('transcript:saved', ({ payload }) => payload.subagents > 0);
  });

  it('is interrupted, and the session goes on and remembers [TURN-interrupt] [TURN-remembers]', async () => {
    const { id, seen, turn } = await newSession();
    const { turnId } = await place().rest.send(id, 'sim:slow tokens=2000 rate=20');
    await seen.until('block:delta');
    const { status } = await place().rest.ask('POST', `/sessions/${id}/interrupt`, {});
    expect(status).toBe(200);
    expect((await seen.untilEnded(turnId)).type).toBe('turn:interrupted');
    expect(seen.state().session.status).toBe('idle');

    const before = seen.state().conversation.blocks.length;
    expect((await turn('sim:recall')).type).toBe('turn:completed');
    expect(textOf(seen.state().conversation.blocks.slice(before))).toContain('sim:slow tokens=2000');
  });
});
