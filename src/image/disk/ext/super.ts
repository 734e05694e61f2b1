import { Unreadable } from '../../look.ts';
import type { Blocks } from '../blocks.ts';
import { crc32c } from '../crc.ts';
import { dashed } from '../uuid.ts';
import { checkSuper } from './checksum.ts';

/** What the superblock of ext2, ext3 or ext4 says, after it was found sound. */
export interface Super {
  readonly blockSize: number;
  readonly inodes: number;
  readonly inodesPerGroup: number;
  readonly inodeSize: number;
  readonly blocksPerGroup: number;
  readonly firstDataBlock: number;
  /** Bytes of a group descriptor; from 64 on it has high halves. */
  readonly descriptorSize: number;
  /** First of the groups' metagroups that keep their descriptors themselves. */
  readonly firstMetaGroup: number;
  /** From which checksums begin; undefined: it has none. */
  readonly seed: number | undefined;
  readonly hasSuper: (group: number) => boolean;
  /** Its journal holds changes that are not yet in place. */
  readonly needsRecovery: boolean;
  readonly journalInode: number;
  readonly uuid: string;
  readonly label: string;
}

const INCOMPATIBLE = {
  filetype: 0x2,
  recover: 0x4,
  metaBg: 0x10,
  extents: 0x40,
  is64: 0x80,
  mmp: 0x100,
  flexBg: 0x200,
  eaInode: 0x400,
  checksumSeed: 0x2000,
  largeDirectory: 0x4000,
  inlineData: 0x8000,
  encrypt: 0x10000,
  casefold: 0x20000,
};
const READABLE = Object.values(INCOMPATIBLE).reduce((all, flag) => all | flag, 0);
const SPARSE_SUPER = 0x1;
const METADATA_SUMS = 0x400;
const SPARSE_SUPER2 = 0x200;

/** Whether the blocks hold ext2, ext3 or ext4. */
export function isExt(blocks: Blocks): boolean {
  return blocks.size >= 2048 && blocks.read(1024 + 56, 2).readUInt16LE() === 0xef53;
}

/** Throws Unreadable for one that lies, or that has features which change where things are. */
export function readSuper(blocks: Blocks): Super {
  const raw = blocks.read(1024, 1024);
  const incompatible = raw.readUInt32LE(96);
  const alien = incompatible & ~READABLE;
  if (alien !== 0) throw new Unreadable(`ext4 with features that are not known here (0x${(alien >>> 0).toString(16)})`);
  const blockSize = 1024 * 2 ** raw.readUInt32LE(24);
  const inodeSize = raw.readUInt32LE(76) === 0 ? 128 : raw.readUInt16LE(88);
  const is64 = (incompatible & INCOMPATIBLE.is64) !== 0;
  const found: Super = {
    blockSize,
    inodes: raw.readUInt32LE(0),
    inodesPerGroup: raw.readUInt32LE(40),
    inodeSize,
    blocksPerGroup: raw.readUInt32LE(32),
    firstDataBlock: raw.readUInt32LE(20),
    descriptorSize: is64 ? raw.readUInt16LE(254) : 32,
    firstMetaGroup: incompatible & INCOMPATIBLE.metaBg ? raw.readUInt32LE(260) : Number.POSITIVE_INFINITY,
    seed: readSeed(raw),
    hasSuper: superRule(raw),
    needsRecovery: (incompatible & INCOMPATIBLE.recover) !== 0,
    journalInode: raw.readUInt32LE(0xe0),
    uuid: dashed(raw.subarray(104, 120)),
    label: raw.toString('utf8', 120, 136).replace(/\0.*$/s, ''),
  };
  const isSound =
    blockSize <= 65536 &&
    isPowerOfTwo(inodeSize, 128, blockSize) &&
    isPowerOfTwo(found.descriptorSize, 32, 1024) &&
    found.inodesPerGroup > 0 &&
    found.blocksPerGroup > 0 &&
    found.firstDataBlock <= 1;
  if (!isSound) throw new Unreadable('ext4 with a corrupt superblock');
  const size = (raw.readUInt32LE(4) + (is64 ? raw.readUInt32LE(0x150) * 2 ** 32 : 0)) * blockSize;
  if (size > blocks.size) throw new Unreadable(`it is truncated: ext4 of ${size} bytes in ${blocks.size}`);
  return found;
}

function readSeed(raw: Buffer): number | undefined {
  if ((raw.readUInt32LE(100) & METADATA_SUMS) === 0) return undefined;
  checkSuper(raw);
  return raw.readUInt32LE(96) & INCOMPATIBLE.checksumSeed
    ? raw.readUInt32LE(0x270)
    : crc32c(~0, raw.subarray(104, 120));
}

function isPowerOfTwo(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && (value & (value - 1)) === 0;
}

/** Which groups begin with a copy of the superblock. */
function superRule(raw: Buffer): (group: number) => boolean {
  if (raw.readUInt32LE(92) & SPARSE_SUPER2) {
    const copies = new Set([0, raw.readUInt32LE(0x24c), raw.readUInt32LE(0x250)]);
    return (group) => copies.has(group);
  }
  if ((raw.readUInt32LE(100) & SPARSE_SUPER) === 0) return () => true;
  return (group) => group <= 1 || [3, 5, 7].some((base) => isPowerOf(base, group));
}

function isPowerOf(base: number, value: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}
