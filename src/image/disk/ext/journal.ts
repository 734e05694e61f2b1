import { Unreadable } from '../../look.ts';
import { type Blocks, checkRange } from '../blocks.ts';
import { crc32c } from '../crc.ts';

/** What the journal's own superblock says. */
interface Journal {
  readonly blockSize: number;
  readonly first: number;
  readonly length: number;
  /** Where the oldest transaction begins that may not be in place; 0: all are. */
  readonly start: number;
  readonly sequence: number;
  readonly is64: boolean;
  readonly tagBytes: number;
  readonly hasTag3: boolean;
  /** From which its checksums begin; undefined: it has none. */
  readonly seed: number | undefined;
}

/** A block that a transaction wrote: where in the journal it is, and whether its first bytes were hidden. */
interface Copy {
  readonly place: number;
  readonly isEscaped: boolean;
  readonly sequence: number;
}

const MAGIC = 0xc03b3998;
const KIND = { descriptor: 1, commit: 2, superblocks: [3, 4], revoke: 5 };
const INCOMPATIBLE = { revoke: 1, is64: 2, asyncCommit: 4, sums2: 8, sums3: 16, fastCommit: 32 };
const TAG = { escaped: 1, sameUuid: 2, last: 8 };

/**
 * A file system with what its journal holds in place, as the next mount would put it there; nothing is written. Throws Unreadable
 * for a journal that cannot be true.
 */
export function replayJournal(blocks: Blocks, journal: Blocks, blockSize: number): Blocks {
  const found = readSuper(journal, blockSize);
  const copies = found.start === 0 ? new Map<number, Copy>() : readTransactions(journal, found);
  if (copies.size === 0) return blocks;
  const readBlock = (block: number, from: number, to: number): Buffer => {
    const copy = copies.get(block);
    if (!copy) return blocks.read(block * blockSize + from, to - from);
    const content = journal.read(copy.place * blockSize, blockSize);
    if (copy.isEscaped) content.writeUInt32BE(MAGIC);
    return content.subarray(from, to);
  };
  return {
    size: blocks.size,
    read: (offset, length) => {
      checkRange(blocks.size, offset, length);
      const first = Math.floor(offset / blockSize);
      const last = Math.floor((offset + Math.max(length, 1) - 1) / blockSize);
      const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
      if (!numbers.some((block) => copies.has(block))) return blocks.read(offset, length);
      const pieces = numbers.map((block) => {
        const start = block * blockSize;
        return readBlock(block, Math.max(0, offset - start), Math.min(blockSize, offset + length - start));
      });
      return Buffer.concat(pieces, length);
    },
  };
}

function readSuper(journal: Blocks, blockSize: number): Journal {
  const raw = journal.read(0, 1024);
  const version = raw.readUInt32BE(4);
  const incompatible = version === 4 ? raw.readUInt32BE(40) : 0;
  const isSound =
    raw.readUInt32BE(0) === MAGIC && KIND.superblocks.includes(version) && raw.readUInt32BE(12) === blockSize;
  if (!isSound) throw new Unreadable('its journal is corrupt');
  if (incompatible & INCOMPATIBLE.fastCommit)
    throw new Unreadable('its journal has fast commits, which are not read here');
  if (incompatible > 31) throw new Unreadable('its journal has features that are not known here');
  const is64 = (incompatible & INCOMPATIBLE.is64) !== 0;
  const hasTag3 = (incompatible & INCOMPATIBLE.sums3) !== 0;
  const hasSums = (incompatible & (INCOMPATIBLE.sums2 | INCOMPATIBLE.sums3)) !== 0;
  return {
    blockSize,
    first: raw.readUInt32BE(20),
    length: Math.min(raw.readUInt32BE(16), Math.floor(journal.size / blockSize)),
    start: raw.readUInt32BE(28),
    sequence: raw.readUInt32BE(24),
    is64,
    tagBytes: hasTag3 ? 16 : 8 + (incompatible & INCOMPATIBLE.sums2 ? 2 : 0) + (is64 ? 4 : 0),
    hasTag3,
    seed: hasSums ? crc32c(~0, raw.subarray(48, 64)) : undefined,
  };
}

/** Transactions count from the first on as far as they are complete: each ends with a commit block. */
function readTransactions(journal: Blocks, found: Journal): ReadonlyMap<number, Copy> {
  const copies = new Map<number, Copy>();
  const revoked = new Map<number, number>();
  let pending: (readonly [number, Copy])[] = [];
  let pendingRevokes: number[] = [];
  let sequence = found.sequence;
  let at = found.start;
  const step = (): number => {
    const here = at;
    at = at + 1 >= found.length ? found.first : at + 1;
    return here;
  };
  for (let steps = 0; steps < found.length; steps++) {
    const block = journal.read(step() * found.blockSize, found.blockSize);
    if (block.readUInt32BE(0) !== MAGIC || block.readUInt32BE(8) !== sequence) break;
    const kind = block.readUInt32BE(4);
    if (kind === KIND.descriptor) {
      for (const { block: number, isEscaped } of readTags(block, found)) {
        pending.push([number, { place: step(), isEscaped, sequence }]);
      }
      if (pending.length > found.length) throw new Unreadable('its journal is corrupt');
    } else if (kind === KIND.revoke) pendingRevokes.push(...readRevoked(block, found));
    else if (kind === KIND.commit) {
      if (!isCommitWhole(block, found)) break;
      for (const number of pendingRevokes) revoked.set(number, sequence);
      for (const [number, copy] of pending) copies.set(number, copy);
      [pending, pendingRevokes] = [[], []];
      sequence = (sequence + 1) >>> 0;
    } else break;
  }
  for (const [number, last] of revoked) if ((copies.get(number)?.sequence ?? last + 1) <= last) copies.delete(number);
  return copies;
}

function* readTags(
  block: Buffer,
  { tagBytes, hasTag3, is64, seed, blockSize }: Journal,
): Generator<{ readonly block: number; readonly isEscaped: boolean }> {
  const end = blockSize - (seed === undefined ? 0 : 4);
  for (let at = 12; at + tagBytes <= end; ) {
    const flags = hasTag3 ? block.readUInt32BE(at + 4) : block.readUInt16BE(at + 6);
    const high = is64 ? block.readUInt32BE(at + 8) : 0;
    yield { block: high * 2 ** 32 + block.readUInt32BE(at), isEscaped: (flags & TAG.escaped) !== 0 };
    if (flags & TAG.last) return;
    at += tagBytes + (flags & TAG.sameUuid ? 0 : 16);
  }
}

function readRevoked(block: Buffer, { is64, blockSize }: Journal): readonly number[] {
  const end = Math.min(block.readUInt32BE(12), blockSize);
  const bytes = is64 ? 8 : 4;
  const found: number[] = [];
  for (let at = 16; at + bytes <= end; at += bytes) {
    found.push((is64 ? block.readUInt32BE(at) * 2 ** 32 : 0) + block.readUInt32BE(at + bytes - 4));
  }
  return found;
}

/** Only what was written to its end counts. */
function isCommitWhole(block: Buffer, { seed }: Journal): boolean {
  if (seed === undefined) return true;
  const copy = Buffer.from(block);
  copy.writeUInt32BE(0, 16);
  return crc32c(seed, copy) === block.readUInt32BE(16);
}
