import { Unreadable } from '../../look.ts';
import { type Blocks, readU64 } from '../blocks.ts';
import { crc32c } from '../crc.ts';
import { dashed } from '../uuid.ts';

/** What the superblock of XFS says, after it was found sound. */
export interface Super {
  readonly blockSize: number;
  /** Bytes of a directory's blocks. */
  readonly directoryBlock: number;
  readonly inodeSize: number;
  readonly rootInode: bigint;
  readonly groupBlocks: number;
  readonly groups: number;
  /** Bits that a block's number within its group takes. */
  readonly groupBits: number;
  /** Bits that an inode's number within its block takes. */
  readonly inodeBits: number;
  /** Version 5: structures have checksums, and headers to hold them. */
  readonly hasSums: boolean;
  /** Directory entries say what type their inode has. */
  readonly hasTypes: boolean;
  readonly log: { readonly place: number; readonly size: number } | undefined;
  readonly uuid: string;
  readonly label: string;
}

const INCOMPATIBLE = {
  types: 1,
  sparseInodes: 2,
  metaUuid: 4,
  bigTime: 8,
  manyExtents: 0x20,
  exchange: 0x40,
  parents: 0x80,
};
const READABLE = Object.values(INCOMPATIBLE).reduce((all, flag) => all | flag, 0);
const NEEDS_REPAIR = 0x10;
const FEATURES2_TYPES = 0x200;

/** Whether the blocks hold XFS. */
export function isXfs(blocks: Blocks): boolean {
  return blocks.size >= 512 && blocks.read(0, 4).toString('latin1') === 'XFSB';
}

/** Throws Unreadable for one that lies, or that has features which change where things are. */
export function readSuper(blocks: Blocks): Super {
  const raw = blocks.read(0, 512);
  const version = raw.readUInt16BE(100) & 0xf;
  const sector = raw.readUInt16BE(102);
  const incompatible = version === 5 ? raw.readUInt32BE(216) : 0;
  if (incompatible & NEEDS_REPAIR) throw new Unreadable('xfs_repair has not come to its end on it');
  if ((version !== 4 && version !== 5) || incompatible & ~READABLE)
    throw new Unreadable('XFS with features that are not known here');
  const blockSize = raw.readUInt32BE(4);
  const found: Super = {
    blockSize,
    directoryBlock: blockSize * 2 ** raw.readUInt8(192),
    inodeSize: raw.readUInt16BE(104),
    rootInode: raw.readBigUInt64BE(56),
    groupBlocks: raw.readUInt32BE(84),
    groups: raw.readUInt32BE(88),
    groupBits: raw.readUInt8(124),
    inodeBits: raw.readUInt8(123),
    hasSums: version === 5,
    hasTypes:
      version === 5 ? (incompatible & INCOMPATIBLE.types) !== 0 : (raw.readUInt32BE(200) & FEATURES2_TYPES) !== 0,
    log: undefined,
    uuid: dashed(raw.subarray(32, 48)),
    label: raw.toString('utf8', 108, 120).replace(/\0.*$/s, ''),
  };
  const isSound =
    isPowerOfTwo(blockSize, 512, 65536) &&
    isPowerOfTwo(sector, 512, 32768) &&
    found.directoryBlock <= 65536 &&
    isPowerOfTwo(found.inodeSize, 256, 2048) &&
    found.groupBits <= 32 &&
    found.inodeBits <= 8 &&
    2 ** found.groupBits >= found.groupBlocks;
  if (!isSound) throw new Unreadable('XFS with a corrupt superblock');
  if (found.hasSums) checkSum(blocks.read(0, sector), 224, 'its superblock');
  const size = readU64(raw, 8, 'BE') * blockSize;
  if (size > blocks.size) throw new Unreadable(`it is truncated: XFS of ${size} bytes in ${blocks.size}`);
  return { ...found, log: logPlace(found, raw) };
}

/** Absent where the log is on another device. */
function logPlace(su: Super, raw: Buffer): Super['log'] {
  const start = raw.readBigUInt64BE(48);
  return start === 0n ? undefined : { place: blockPlace(su, start), size: raw.readUInt32BE(96) * su.blockSize };
}

/** Where a block lies; its number is that of its group, then that within. */
export function blockPlace(su: Super, block: bigint): number {
  const group = Number(block >> BigInt(su.groupBits));
  const within = Number(block & ((1n << BigInt(su.groupBits)) - 1n));
  if (group >= su.groups || within >= su.groupBlocks)
    throw new Unreadable('it is corrupt: a block that does not exist');
  return (group * su.groupBlocks + within) * su.blockSize;
}

/** Throws Unreadable unless the checksum at `at` is that of the bytes without it. */
export function checkSum(bytes: Buffer, at: number, what: string): void {
  const sum = ~crc32c(~0, bytes.subarray(0, at), Buffer.alloc(4), bytes.subarray(at + 4)) >>> 0;
  if (sum !== bytes.readUInt32LE(at)) throw new Unreadable(`it is corrupt: the checksum of ${what} is wrong`);
}

function isPowerOfTwo(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && (value & (value - 1)) === 0;
}
