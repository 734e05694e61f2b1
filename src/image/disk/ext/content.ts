import { Unreadable } from '../../look.ts';
import { type Blocks, checkRange } from '../blocks.ts';
import { checkExtents } from './checksum.ts';
import { FLAG, type Inode } from './inode.ts';
import type { Super } from './super.ts';

/** A run of blocks of a file: where it begins in the file and on the disk, in blocks. What no run covers is zeros. */
interface Run {
  readonly at: number;
  readonly count: number;
  readonly place: number;
}

const EXTENT_MAGIC = 0xf30a;
const DEEPEST_TREE = 5;
/** A run of more blocks than this is reserved, not written: it reads as zeros. */
const LONGEST_WRITTEN = 32768;

/** `length` bytes of a file, fewer at its end; throws Unreadable where it is encrypted or corrupt. */
export function readContent(blocks: Blocks, su: Super, inode: Inode, offset: number, length: number): Buffer {
  if (inode.flags & FLAG.encrypted) throw new Unreadable('it is encrypted');
  const end = Math.min(inode.size, offset + length);
  if (offset >= end) return Buffer.alloc(0);
  if (inode.flags & FLAG.inline) return readInline(inode).subarray(offset, end);
  return readRuns(blocks, su, runsOf(blocks, su, inode, end), offset, end);
}

/** A file that is read in many parts: where they are is looked up once. */
export function contentBlocks(blocks: Blocks, su: Super, inode: Inode): Blocks {
  const runs = runsOf(blocks, su, inode, inode.size);
  return {
    size: inode.size,
    read: (offset, length) => {
      checkRange(inode.size, offset, length);
      return readRuns(blocks, su, runs, offset, offset + length);
    },
  };
}

function runsOf(blocks: Blocks, su: Super, inode: Inode, end: number): readonly Run[] {
  const needed = Math.ceil(end / su.blockSize);
  return inode.flags & FLAG.extents ? extentRuns(blocks, su, inode, needed) : mappedRuns(blocks, su, inode, needed);
}

function readRuns(blocks: Blocks, su: Super, runs: readonly Run[], offset: number, end: number): Buffer {
  const content = Buffer.alloc(end - offset);
  for (const { at, count, place } of runs) {
    const from = Math.max(offset, at * su.blockSize);
    const to = Math.min(end, (at + count) * su.blockSize);
    if (from < to) blocks.read((place - at) * su.blockSize + from, to - from).copy(content, from - offset);
  }
  return content;
}

/** The runs of an extent tree. A hostile tree ends too: each node may only go forward in the file. */
function extentRuns(blocks: Blocks, su: Super, inode: Inode, needed: number): readonly Run[] {
  const runs: Run[] = [];
  let reached = 0;
  let nodes = 0;
  const visit = (node: Buffer, depth: number | undefined): void => {
    nodes += 1;
    const found = node.readUInt16LE(6);
    if (
      node.readUInt16LE(0) !== EXTENT_MAGIC ||
      found > DEEPEST_TREE ||
      found !== (depth ?? found) ||
      nodes > needed + DEEPEST_TREE
    ) {
      throw new Unreadable('it is corrupt: its extent tree');
    }
    for (let i = 1; i <= node.readUInt16LE(2); i++) {
      const first = node.readUInt32LE(i * 12);
      if (first < reached) throw new Unreadable('it is corrupt: its extents overlap');
      if (first >= needed) return;
      if (found > 0) {
        reached = first;
        const place = node.readUInt16LE(i * 12 + 8) * 2 ** 32 + node.readUInt32LE(i * 12 + 4);
        const below = blocks.read(place * su.blockSize, su.blockSize);
        if (inode.seed !== undefined) checkExtents(inode.seed, below);
        visit(below, found - 1);
        continue;
      }
      const length = node.readUInt16LE(i * 12 + 4);
      const count = Math.min(length > LONGEST_WRITTEN ? length - LONGEST_WRITTEN : length, needed - first);
      const place = node.readUInt16LE(i * 12 + 6) * 2 ** 32 + node.readUInt32LE(i * 12 + 8);
      if (count === 0) throw new Unreadable('it is corrupt: an empty extent');
      if (length <= LONGEST_WRITTEN) runs.push({ at: first, count, place });
      reached = first + count;
    }
  };
  visit(inode.body, undefined);
  return runs;
}

/** The runs of ext2 and ext3: twelve block numbers, then blocks full of them, one to three levels deep. */
function mappedRuns(blocks: Blocks, su: Super, inode: Inode, needed: number): readonly Run[] {
  const perBlock = su.blockSize / 4;
  const runs: Run[] = [];
  let at = 0;
  const take = (place: number, level: number): void => {
    const span = perBlock ** level;
    if (at >= needed) return;
    if (place === 0) {
      at += span;
      return;
    }
    checkRange(blocks.size, place * su.blockSize, su.blockSize);
    if (level > 0) {
      const block = blocks.read(place * su.blockSize, su.blockSize);
      for (let i = 0; i < perBlock && at < needed; i++) take(block.readUInt32LE(i * 4), level - 1);
      return;
    }
    const last = runs.at(-1);
    if (last && last.at + last.count === at && last.place + last.count === place) {
      runs[runs.length - 1] = { ...last, count: last.count + 1 };
    } else runs.push({ at, count: 1, place });
    at += 1;
  };
  for (let i = 0; i < 15; i++) take(inode.body.readUInt32LE(i * 4), Math.max(0, i - 11));
  return runs;
}

/** What does not fit in the inode's 60 bytes is its extended attribute system.data. */
function readInline({ body, raw, size }: Inode): Buffer {
  const content = Buffer.concat([body, size > body.length ? readSystemData(raw) : Buffer.alloc(0)]);
  if (content.length < size) throw new Unreadable('it is corrupt: its inline data is too short');
  return content.subarray(0, size);
}

function readSystemData(raw: Buffer): Buffer {
  const start = 128 + raw.readUInt16LE(128);
  if (raw.readUInt32LE(start) !== 0xea020000) return Buffer.alloc(0);
  const first = start + 4;
  for (let at = first; raw.readUInt32LE(at) !== 0; at += 16 + Math.ceil(raw.readUInt8(at) / 4) * 4) {
    const name = raw.toString('latin1', at + 16, at + 16 + raw.readUInt8(at));
    if (raw.readUInt8(at + 1) !== 7 || name !== 'data') continue;
    const value = first + raw.readUInt16LE(at + 2);
    const length = raw.readUInt32LE(at + 8);
    checkRange(raw.length, value, length);
    return raw.subarray(value, value + length);
  }
  return Buffer.alloc(0);
}
