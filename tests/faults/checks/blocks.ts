import { isDeepStrictEqual } from 'node:util';
import { doubled, type Finding, lost } from '../finding.ts';
import type { TurnBlocks } from './turn-blocks.ts';

type BareBlock = TurnBlocks[number];

/** A turn that completed shows what the undisturbed one shows. */
export function checkSame(name: string, blocks: TurnBlocks, expected: TurnBlocks): Finding[] {
  if (isDeepStrictEqual(blocks, expected)) return [];
  const place = expected.findIndex((block, index) => !isDeepStrictEqual(block, blocks[index]));
  const at = place === -1 ? expected.length : place;
  const line = `${name}: block ${at} of ${blocks.length} is ${show(blocks[at])}, undisturbed ${show(expected[at])} of ${expected.length}`;
  return [blocks.length > expected.length ? doubled(line) : lost(line)];
}

/** A turn that failed shows what the undisturbed one shows, up to some place, and then nothing but closings. */
export function checkPrefix(name: string, blocks: TurnBlocks, expected: TurnBlocks): Finding[] {
  const findings: Finding[] = [];
  const open = blocks.filter(({ status }) => status === 'pending');
  if (open.length > 0) findings.push(lost(`${name}: ${open.length} blocks of an ended turn are pending`));
  let place = 0;
  for (const block of blocks) {
    const counterpart = expected[place];
    if (counterpart && begins(block, counterpart)) {
      place += 1;
      continue;
    }
    if (isClosing(block)) continue;
    findings.push(doubled(`${name}: ${show(block)} is no beginning of ${show(counterpart)}`));
    break;
  }
  return findings;
}

/** A block that may have been cut off. */
function begins(block: BareBlock, whole: BareBlock): boolean {
  if (block.type !== whole.type) return false;
  if (block.status === 'complete') return isDeepStrictEqual(bare(block), bare(whole));
  if (typeof block.content === 'string') return String(whole.content).startsWith(block.content);
  return block.toolName === whole.toolName;
}

/** Numbers of references depend on how many came before. */
function bare({
  id: _id,
  turnId: _turn,
  toolUseId: _tool,
  subagentId: _subagent,
  ...rest
}: BareBlock): unknown {
  return rest;
}

/** Said by engine, runner or agent about the end itself. */
const isClosing = ({ type, status }: BareBlock): boolean =>
  type === 'system' || (type === 'tool_result' && status === 'error');

const show = (block: BareBlock | undefined): string =>
  block === undefined ? 'nothing' : JSON.stringify(block).slice(0, 160);
