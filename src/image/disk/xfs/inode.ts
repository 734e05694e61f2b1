import { Unreadable } from '../../look.ts';
import type { FileType } from '../../types.ts';
import { type Blocks, readU64 } from '../blocks.ts';
import { blockPlace, checkSum, type Super } from './super.ts';

/** A file of XFS, as its inode describes it. */
export interface Inode {
  readonly type: FileType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly format: 'local' | 'extents' | 'btree' | 'none';
  readonly isRealtime: boolean;
  readonly extents: number;
  /** The part of the inode that holds data, or where data is. */
  readonly fork: Buffer;
}

/** Blocks of a file that lie together; `place` in bytes on the disk. What no run covers is zeros. */
export interface Run {
  readonly at: number;
  readonly count: number;
  readonly place: number;
}

const TYPES: Readonly<Record<number, FileType>> = {
  1: 'other',
  2: 'other',
  4: 'directory',
  6: 'other',
  8: 'file',
  10: 'symlink',
  12: 'other',
};
const FORMATS = ['none', 'local', 'extents', 'btree'] as const;
const REALTIME = 1;
const MANY_EXTENTS = 1 << 4;
const MOST_RUNS = 1_000_000;
const DEEPEST_TREE = 9;

/** Throws Unreadable for an inode that is not in use, or corrupt. */
export function readInode(blocks: Blocks, su: Super, number: bigint): Inode {
  const block = blockPlace(su, number >> BigInt(su.inodeBits));
  const within = Number(number & ((1n << BigInt(su.inodeBits)) - 1n));
  const raw = blocks.read(block + within * su.inodeSize, su.inodeSize);
  const mode = raw.readUInt16BE(2);
  const version = raw.readUInt8(4);
  const type = TYPES[mode >> 12];
  const format = FORMATS[raw.readUInt8(5)];
  if (raw.toString('latin1', 0, 2) !== 'IN' || type === undefined || format === undefined || version > 3) {
    throw new Unreadable(`it is corrupt: inode ${number} is not in use`);
  }
  if (su.hasSums) checkSum(raw, 100, `inode ${number}`);
  const start = version === 3 ? 176 : 100;
  const forkEnd = raw.readUInt8(82) === 0 ? su.inodeSize : start + raw.readUInt8(82) * 8;
  const hasMany = version === 3 && (raw.readUInt32BE(124) & MANY_EXTENTS) !== 0;
  return {
    type,
    mode: mode & 0o7777,
    uid: raw.readUInt32BE(8),
    gid: raw.readUInt32BE(12),
    size: readU64(raw, 56, 'BE'),
    format,
    isRealtime: (raw.readUInt16BE(90) & REALTIME) !== 0,
    extents: hasMany ? readU64(raw, 24, 'BE') : raw.readUInt32BE(76),
    fork: raw.subarray(start, forkEnd),
  };
}

/** Where a file's blocks are, up to block `end` of it. */
export function runsOf(blocks: Blocks, su: Super, inode: Inode, end: number): readonly Run[] {
  if (inode.isRealtime) throw new Unreadable('it is on a realtime device');
  const runs: Run[] = [];
  if (inode.format === 'extents') addRuns(su, runs, inode.fork, 0, inode.extents, end);
  if (inode.format === 'btree') addTree(blocks, su, runs, inode.fork, end);
  return runs;
}

/** The root of the tree is in the inode: without a header, but for its height and count. */
function addTree(blocks: Blocks, su: Super, runs: Run[], root: Buffer, end: number): void {
  const room = Math.floor((root.length - 4) / 16);
  visitBelow(blocks, su, runs, root, { level: root.readUInt16BE(0), count: root.readUInt16BE(2), keys: 4, room }, end);
}

interface Level {
  readonly level: number;
  readonly count: number;
  readonly keys: number;
  readonly room: number;
}

function visitBelow(
  blocks: Blocks,
  su: Super,
  runs: Run[],
  node: Buffer,
  { level, count, keys, room }: Level,
  end: number,
): void {
  if (level < 1 || level > DEEPEST_TREE || count > room) throw new Unreadable('it is corrupt: its extent tree');
  for (let i = 0; i < count; i++) {
    if (readU64(node, keys + i * 8, 'BE') >= end) return;
    const block = blocks.read(blockPlace(su, node.readBigUInt64BE(keys + room * 8 + i * 8)), su.blockSize);
    visitNode(blocks, su, runs, block, level - 1, end);
  }
}

function visitNode(blocks: Blocks, su: Super, runs: Run[], node: Buffer, level: number, end: number): void {
  const magic = su.hasSums ? 'BMA3' : 'BMAP';
  const header = su.hasSums ? 72 : 24;
  if (node.toString('latin1', 0, 4) !== magic || node.readUInt16BE(4) !== level)
    throw new Unreadable('it is corrupt: its extent tree');
  if (su.hasSums) checkSum(node, 64, 'its extent tree');
  const count = node.readUInt16BE(6);
  if (level === 0) addRuns(su, runs, node, header, count, end);
  else
    visitBelow(
      blocks,
      su,
      runs,
      node,
      { level, count, keys: header, room: Math.floor((su.blockSize - header) / 16) },
      end,
    );
}

/** Runs must go forward in the file: a hostile tree ends too. */
function addRuns(su: Super, runs: Run[], records: Buffer, start: number, count: number, end: number): void {
  for (let i = 0; i < count; i++) {
    const high = records.readBigUInt64BE(start + i * 16);
    const low = records.readBigUInt64BE(start + i * 16 + 8);
    const at = Number((high >> 9n) & ((1n << 54n) - 1n));
    const last = runs.at(-1);
    if (last && at < last.at + last.count) throw new Unreadable('it is corrupt: its extents overlap');
    if (at >= end) return;
    if (runs.length >= MOST_RUNS) throw new Unreadable(`it has more than ${MOST_RUNS} extents`);
    const isUnwritten = high >> 63n === 1n;
    const length = Number(low & 0x1fffffn);
    if (length === 0) throw new Unreadable('it is corrupt: an empty extent');
    const place = isUnwritten ? -1 : blockPlace(su, ((high & 0x1ffn) << 43n) | (low >> 21n));
    runs.push({ at, count: length, place });
  }
}
