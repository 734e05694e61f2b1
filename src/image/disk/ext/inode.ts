import { Unreadable } from '../../look.ts';
import type { FileType } from '../../types.ts';
import type { Blocks } from '../blocks.ts';
import { remember } from '../cache.ts';
import { checkGroup, checkInode } from './checksum.ts';
import type { Super } from './super.ts';

/** A file of ext4, as its inode describes it. */
export interface Inode {
  readonly type: FileType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly flags: number;
  /** The 60 bytes that hold extents, block numbers, a short link or the beginning of inline data. */
  readonly body: Buffer;
  /** From which the checksums of its blocks begin. */
  readonly seed: number | undefined;
  /** All of it, for what is kept behind its fields. */
  readonly raw: Buffer;
}

/** Of an inode's flags, those that change how it is read. */
export const FLAG = { encrypted: 0x800, extents: 0x80000, inline: 0x1000_0000, index: 0x1000, casefold: 0x4000_0000 };

const TYPES: Readonly<Record<number, FileType>> = {
  1: 'other',
  2: 'other',
  4: 'directory',
  6: 'other',
  8: 'file',
  10: 'symlink',
  12: 'other',
};

/** Finds inodes by their numbers. */
export function inodeTable(blocks: Blocks, su: Super): (number: number) => Inode {
  const tableOf = remember(1024, (group: number) => readTablePlace(blocks, su, group));
  return remember(4096, (number: number) => {
    if (number < 1 || number > su.inodes) throw new Unreadable(`it is corrupt: inode ${number} does not exist`);
    const index = (number - 1) % su.inodesPerGroup;
    const group = Math.floor((number - 1) / su.inodesPerGroup);
    return readInode(su, blocks.read(tableOf(group) * su.blockSize + index * su.inodeSize, su.inodeSize), number);
  });
}

/** First block of a group's inode table. */
function readTablePlace(blocks: Blocks, su: Super, group: number): number {
  const descriptor = blocks.read(descriptorPlace(su, group), su.descriptorSize);
  if (su.seed !== undefined) checkGroup(su.seed, group, descriptor);
  const high = su.descriptorSize >= 64 ? descriptor.readUInt32LE(40) : 0;
  return high * 2 ** 32 + descriptor.readUInt32LE(8);
}

function descriptorPlace(su: Super, group: number): number {
  const perBlock = su.blockSize / su.descriptorSize;
  const metaGroup = Math.floor(group / perBlock);
  const within = (group % perBlock) * su.descriptorSize;
  // With blocks of 1024 bytes the superblock has one to itself, even where counting begins at 0.
  if (metaGroup < su.firstMetaGroup)
    return (Math.max(su.firstDataBlock, su.blockSize === 1024 ? 1 : 0) + 1 + metaGroup) * su.blockSize + within;
  const first = metaGroup * perBlock;
  return (su.firstDataBlock + first * su.blocksPerGroup + (su.hasSuper(first) ? 1 : 0)) * su.blockSize + within;
}

function readInode(su: Super, raw: Buffer, number: number): Inode {
  const seed = su.seed === undefined ? undefined : checkInode(su.seed, number, raw);
  const mode = raw.readUInt16LE(0);
  const type = TYPES[mode >> 12];
  if (type === undefined || raw.readUInt16LE(26) === 0)
    throw new Unreadable(`it is corrupt: inode ${number} is not in use`);
  const size = raw.readUInt32LE(4) + (type === 'file' || type === 'directory' ? raw.readUInt32LE(108) * 2 ** 32 : 0);
  return {
    type,
    mode: mode & 0o7777,
    uid: raw.readUInt16LE(2) + raw.readUInt16LE(120) * 65536,
    gid: raw.readUInt16LE(24) + raw.readUInt16LE(122) * 65536,
    size,
    flags: raw.readUInt32LE(32),
    seed,
    body: raw.subarray(40, 100),
    raw,
  };
}
