import { Unreadable } from '../../look.ts';
import { crc32c } from '../crc.ts';

/** A number as it stands on the disk. */
function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const NOTHING = Buffer.alloc(4);
const SUPER_SUM = 1020;
const GROUP_SUM = 0x1e;
const INODE_SUM_LOW = 0x7c;
const INODE_SUM_HIGH = 0x82;
const DIRECTORY_TAIL = 12;

/** Throws Unreadable unless the superblock's sum is right. */
export function checkSuper(raw: Buffer): void {
  expectSum(crc32c(~0, raw.subarray(0, SUPER_SUM)), raw.readUInt32LE(SUPER_SUM), 'its superblock');
}

/** Throws Unreadable unless a group descriptor's sum is right. */
export function checkGroup(seed: number, group: number, raw: Buffer): void {
  const sum = crc32c(seed, u32(group), raw.subarray(0, GROUP_SUM), NOTHING.subarray(0, 2), raw.subarray(GROUP_SUM + 2));
  expectSum(sum & 0xffff, raw.readUInt16LE(GROUP_SUM), `block group ${group}`);
}

/** Throws Unreadable unless an inode's sum is right; else the seed of all that belongs to it. */
export function checkInode(seed: number, number: number, raw: Buffer): number {
  const own = crc32c(seed, u32(number), raw.subarray(100, 104));
  const hasHigh = raw.length > 128 && raw.readUInt16LE(128) >= 4;
  const copy = Buffer.from(raw);
  copy.writeUInt16LE(0, INODE_SUM_LOW);
  if (hasHigh) copy.writeUInt16LE(0, INODE_SUM_HIGH);
  const said = raw.readUInt16LE(INODE_SUM_LOW) + (hasHigh ? raw.readUInt16LE(INODE_SUM_HIGH) * 65536 : 0);
  const sum = crc32c(own, copy);
  expectSum(hasHigh ? sum : sum & 0xffff, said, `inode ${number}`);
  return own;
}

/** Throws Unreadable unless the sum behind the last place for an extent is right. */
export function checkExtents(seed: number, node: Buffer): void {
  const end = 12 + node.readUInt16LE(4) * 12;
  expectSum(crc32c(seed, node.subarray(0, end)), node.readUInt32LE(end), 'its extent tree');
}

/** Throws Unreadable unless the sum in a directory block's last entry is right. */
export function checkDirectory(seed: number, block: Buffer): void {
  const end = block.length - DIRECTORY_TAIL;
  const hasTail = block.readUInt32LE(end) === 0 && block.readUInt32LE(end + 4) === 0xde00000c;
  expectSum(crc32c(seed, block.subarray(0, end)), hasTail ? block.readUInt32LE(end + 8) : -1, 'a directory block');
}

/**
 * Throws Unreadable unless the sum of a block of a directory's index is right. Its places begin at `places` with how many there can be and are;
 * the sum stands behind the last one, in the second half of a place whose first half the kernel leaves as it was.
 */
export function checkDirectoryIndex(seed: number, block: Buffer, places: number): void {
  const tail = places + block.readUInt16LE(places) * 8;
  const end = places + block.readUInt16LE(places + 2) * 8;
  const fits = end <= tail && tail + 8 <= block.length;
  const sum = fits ? crc32c(seed, block.subarray(0, end), block.subarray(tail, tail + 4), NOTHING) : -1;
  expectSum(sum, fits ? block.readUInt32LE(tail + 4) : 0, "a directory's index");
}

function expectSum(sum: number, said: number, what: string): void {
  if (sum !== said) throw new Unreadable(`it is corrupt: the checksum of ${what} is wrong`);
}
