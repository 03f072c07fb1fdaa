import { describe, expect, it } from 'vitest';
import {
  assistant,
  brokenOff,
  decide,
  interrupted,
  request,
  textOf,
  toolResults,
  user,
} from './support/conversation.ts';

describe('which prompt is answered', () => {
  it('is the last one that the user wrote', async () => {
    const turns = [user('sim:text content=first'), assistant(), user('sim:text content=second')];
    expect(await textOf(request(turns))).toBe('second');
  });

  it('introduces the simulator when there is no sim: line in it', async () => {
    const answer = await textOf(request([user('sim:text'), assistant(), user('Fix the login page')]));
    expect(answer).toContain('simulator');
    expect(answer.match(/^sim:/gm)).toHaveLength(3);
  });

  it('goes one step on with each assistant turn that called tools', async () => {
    const turns = [user('sim:shell-and-write path=a.txt')];
    const steps = [];
    for (const names of [['Bash'], ['Write'], []]) {
      steps.push((await decide(request(turns))).step);
      turns.push(assistant(...names), toolResults);
    }
    expect(steps).toEqual([0, 1, 2]);
  });

  it('counts parallel calls of one turn as one step', async () => {
    const turns = [user('sim:parallel'), assistant('Bash', 'Bash'), toolResults];
    expect(await textOf(request(turns))).toBe('Both commands returned.');
  });

  it('starts again at the first step for every new prompt', async () => {
    const turns = [user('sim:shell'), assistant('Bash'), toolResults, assistant(), user('sim:shell')];
    expect((await decide(request(turns))).step).toBe(0);
  });

  it('keeps to its scenario when a note without a sim: line comes in the midst of it', async () => {
    const turns = [user('sim:shell'), assistant('Bash'), user('please be quick')];
    expect(await textOf(request(turns))).toBe('Done. The command ran.');
  });

  it('follows a new sim: line that comes in the midst of another', async () => {
    const turns = [user('sim:shell'), assistant('Bash'), user('sim:text content=steered')];
    expect(await textOf(request(turns))).toBe('steered');
  });

  it('takes any text after an interruption as a new prompt', async () => {
    const turns = [user('sim:shell'), assistant('Bash'), interrupted, user('never mind')];
    expect(await textOf(request(turns))).toContain('simulator');
  });

  it('is answered from where it was when the connection broke in the middle of an answer', async () => {
    const turns = [user('sim:shell'), assistant(), brokenOff];
    expect((await decide(request(turns))).step).toBe(0);
    expect(await textOf(request([...turns, assistant('Bash'), toolResults]))).toBe('Done. The command ran.');
  });

  it('is acknowledged briefly when the agent comes back to one already answered', async () => {
    const turns = [
      user('sim:subagent background=true'),
      assistant('Agent'),
      toolResults,
      assistant(),
      toolResults,
    ];
    expect(await textOf(request(turns))).toContain('come back');
  });

  it('is acknowledged in the words that its line has for that', async () => {
    const turns = [
      user('sim:shell background=true later="It is over."'),
      assistant('Bash'),
      toolResults,
      assistant(),
      toolResults,
    ];
    expect(await textOf(request(turns))).toBe('It is over.');
  });

  it('gives the same answer to the same request, however often it is asked', async () => {
    const asked = request([user('sim:shell cmd=ls')]);
    expect(await decide(asked)).toEqual(await decide(asked));
  });

  it('has something to say even when there is no user text at all', async () => {
    expect(await textOf(request([]))).toContain('simulator');
  });
});

describe('a chore of the agent', () => {
  it('gets a short text', async () => {
    const asked = request([user('Write a title for: sim:error status=500')], { chore: true, tools: [] });
    expect(await textOf(asked)).toBe('Simulated session');
  });

  it('gets JSON of the form it asks for', async () => {
    const outputSchema = {
      type: 'object',
      properties: { title: { type: 'string' }, isNew: { type: 'boolean' } },
      required: ['title', 'isNew'],
    };
    const asked = request([user('sim:text')], { chore: true, tools: [], outputSchema });
    expect(JSON.parse(await textOf(asked))).toEqual({ title: '', isNew: false });
  });
});
