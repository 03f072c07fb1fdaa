import { blocksOfTurn, type TurnBlocks } from './checks/turn-blocks.ts';
import { Broken, lost } from './finding.ts';
import { sendWorkload, untilTurnsEnded } from './run-workload.ts';
import type { Scene } from './scene.ts';
import { openSession } from './session.ts';
import { workloadOf } from './workload.ts';

/** What the two turns of a workload show when nothing happens to them. */
export interface Twin {
  first: TurnBlocks;
  second: TurnBlocks;
}

/** Undisturbed runs, each made once: what a setting's workload shows does not depend on the scene. */
export interface Twins {
  of(scene: Scene, variant: number): Promise<Twin>;
}

export function createTwins(boundMs: number): Twins {
  const known = new Map<string, Promise<Twin>>();
  return {
    of(scene, variant) {
      const key = [scene.options.agent, scene.options.sandbox, variant].join();
      const twin = known.get(key) ?? run(scene, variant, boundMs);
      known.set(key, twin);
      twin.catch(() => known.delete(key));
      return twin;
    },
  };
}

async function run(scene: Scene, variant: number, boundMs: number): Promise<Twin> {
  const session = await openSession(scene, -1);
  try {
    const workload = workloadOf(scene.options.agent, variant, 'undisturbed');
    const options = { session, workload, secondAfterMs: 0, boundMs, onFirst() {}, onSecond() {} };
    const { first, second } = await sendWorkload(options);
    await untilTurnsEnded(session, [first.turnId, second.turnId], boundMs);
    for (const { turnId } of [first, second]) {
      const end = session.endOf(turnId);
      if (end?.type !== 'turn:completed')
        throw new Broken(lost(`an undisturbed turn ended as ${JSON.stringify(end?.payload)}`));
    }
    return {
      first: blocksOfTurn(session.seen, first.turnId, workload.mark),
      second: blocksOfTurn(session.seen, second.turnId, workload.mark),
    };
  } finally {
    await session.close();
    await scene.rest.ask('DELETE', `/sessions/${session.id}`);
  }
}
