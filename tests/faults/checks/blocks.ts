import { isDeepStrictEqual } from 'node:util';
import { doubled, type Finding, lost } from '../finding.ts';
import type { BareBlock, TurnBlocks } from './turn-blocks.ts';

type Check = (name: string, blocks: readonly BareBlock[], expected: readonly BareBlock[]) => Finding[];

const eachConversation =
  (check: Check) =>
  (name: string, blocks: TurnBlocks, expected: TurnBlocks): Finding[] =>
    Array.from({ length: Math.max(blocks.length, expected.length) }).flatMap((_, index) =>
      check(index === 0 ? name : `${name}, subagent ${index}`, blocks[index] ?? [], expected[index] ?? []),
    );

/** A turn that completed shows what the undisturbed one shows. */
export const checkSame = eachConversation((name, blocks, expected) => {
  if (isDeepStrictEqual(blocks, expected)) return [];
  const place = expected.findIndex((block, index) => !isDeepStrictEqual(block, blocks[index]));
  const at = place === -1 ? expected.length : place;
  const [is, was] = fromDifference(JSON.stringify(blocks[at]), JSON.stringify(expected[at]));
  const line = `${name}: block ${at} of ${blocks.length} is …${is}, undisturbed …${was} of ${expected.length}`;
  return [blocks.length > expected.length ? doubled(line) : lost(line)];
});

/**
 * As `checkSame`, for an agent whose call of the model broke: what it had said whole by then may stand, as it does in its own
 * transcript, before it says it again. A tool is never called again.
 */
export const checkRepeated = eachConversation((name, blocks, expected) => {
  let place = 0;
  for (const block of blocks) {
    const again = expected.slice(0, place).findLastIndex((each) => isSaid(block) && isSame(block, each));
    const next = expected[place];
    if (next && isSame(block, next)) place += 1;
    else if (again !== -1 && expected.slice(again, place).every(isSaid)) place = again + 1;
    else return differs(name, block, next);
  }
  return place === expected.length ? [] : [lost(`${name}: ${expected.length - place} blocks are missing`)];
});

function differs(name: string, block: BareBlock, expected: BareBlock | undefined): Finding[] {
  const [is, was] = fromDifference(JSON.stringify(block), JSON.stringify(expected));
  return [doubled(`${name}: …${is}, undisturbed …${was}`)];
}

const isSaid = ({ type, status }: BareBlock): boolean =>
  status === 'complete' && (type === 'thinking' || type === 'assistant_text');

const isSame = (block: BareBlock, other: BareBlock): boolean => isDeepStrictEqual(bare(block), bare(other));

/** A turn that failed shows what the undisturbed one shows, up to some place, and then nothing but closings. */
export const checkPrefix = eachConversation((name, blocks, expected) => {
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
});

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

/** Both texts from shortly before where they part. */
function fromDifference(is = 'nothing', was = 'nothing'): [string, string] {
  let place = 0;
  while (place < is.length && is[place] === was[place]) place += 1;
  const from = Math.max(0, place - 60);
  return [is.slice(from, place + 60), was.slice(from, place + 60)];
}

const show = (block: BareBlock | undefined): string =>
  block === undefined ? 'nothing' : JSON.stringify(block).slice(0, 160);
