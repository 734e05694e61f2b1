import { Unreadable } from '../look.ts';
import { type Blocks, readU64, slice } from './blocks.ts';
import { crc32 } from './crc.ts';

/** A part of a disk, as its table lists it; or all of a disk that has none. */
export interface Partition {
  /** As in /dev/sda1; 0 for a disk without a table. */
  readonly number: number;
  /** Type GUID in lower case, MBR type as `0x83`, or empty. */
  readonly type: string;
  /** As in PARTUUID=. */
  readonly uuid: string;
  /** As in PARTLABEL=. */
  readonly label: string;
  readonly blocks: Blocks;
}

const EXTENDED = new Set([0x05, 0x0f, 0x85]);
const PROTECTIVE = 0xee;
const MOST_PARTITIONS = 128;

/** The disk's partitions by its GPT or MBR; undefined: it has no table. Throws Unreadable for a table that cannot be true. */
export function readPartitions(disk: Blocks): readonly Partition[] | undefined {
  if (disk.size < 1024) return undefined;
  const sector = disk.read(0, 512);
  if (sector.readUInt16LE(510) !== 0xaa55) return undefined;
  const entries = mbrEntries(sector);
  if (entries.some(({ type }) => type === PROTECTIVE)) return readGpt(disk);
  return looksLikeTable(sector, entries) ? readMbr(disk, sector) : undefined;
}

interface MbrEntry {
  readonly flag: number;
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
}

function mbrEntries(sector: Buffer): readonly MbrEntry[] {
  return [446, 462, 478, 494].map((at) => ({
    flag: sector.readUInt8(at),
    type: sector.readUInt8(at + 4),
    start: sector.readUInt32LE(at + 8),
    sectors: sector.readUInt32LE(at + 12),
  }));
}

/** A file system's own boot sector ends with the same two bytes. */
function looksLikeTable(sector: Buffer, entries: readonly MbrEntry[]): boolean {
  const isFat = /^(FAT|NTFS|EXFAT)/.test(sector.toString('latin1', 54, 62) + sector.toString('latin1', 82, 90));
  const used = entries.filter(({ type }) => type !== 0);
  return !isFat && used.length > 0 && entries.every(({ flag }) => (flag & 0x7f) === 0);
}

function readMbr(disk: Blocks, sector: Buffer): readonly Partition[] {
  const signature = sector.readUInt32LE(440).toString(16).padStart(8, '0');
  const primary = mbrEntries(sector).map((entry, i) => ({ entry, number: i + 1, base: 0 }));
  const logical = primary
    .filter(({ entry }) => EXTENDED.has(entry.type))
    .flatMap(({ entry }) => readLogical(disk, entry));
  const all = [...primary.filter(({ entry }) => entry.type !== 0 && !EXTENDED.has(entry.type)), ...logical];
  return all.map(({ entry, number, base }) => ({
    number,
    type: `0x${entry.type.toString(16).padStart(2, '0')}`,
    uuid: `${signature}-${number.toString(16).padStart(2, '0')}`,
    label: '',
    blocks: cut(disk, (base + entry.start) * 512, entry.sectors * 512),
  }));
}

/** Logical partitions are a chain: each sector names one and where the next such sector is. */
function readLogical(
  disk: Blocks,
  extended: MbrEntry,
): readonly { readonly entry: MbrEntry; readonly number: number; readonly base: number }[] {
  const found: { entry: MbrEntry; number: number; base: number }[] = [];
  for (let base: number | undefined = extended.start; base !== undefined; ) {
    if (found.length >= MOST_PARTITIONS) throw new Unreadable('its partition table has a loop');
    const [entry, next] = mbrEntries(disk.read(base * 512, 512));
    if (entry && entry.type !== 0) found.push({ entry, number: 5 + found.length, base });
    base = next && EXTENDED.has(next.type) ? extended.start + next.start : undefined;
  }
  return found;
}

/** With sectors of 512 bytes, or of 4096; and from the copy at the disk's end where the first is damaged. */
function readGpt(disk: Blocks): readonly Partition[] {
  for (const bytes of [512, 4096]) {
    for (const lba of [1, Math.floor(disk.size / bytes) - 1]) {
      const entries = lba < 1 || (lba + 1) * bytes > disk.size ? undefined : readGptEntries(disk, lba, bytes);
      if (!entries) continue;
      return entries.flatMap((entry, i) => (isUsed(entry) ? [gptPartition(disk, entry, i + 1, bytes)] : []));
    }
  }
  throw new Unreadable('its GPT partition table is damaged');
}

/** Undefined unless both of its checksums are right. */
function readGptEntries(disk: Blocks, lba: number, sector: number): readonly Buffer[] | undefined {
  const header = disk.read(lba * sector, 512);
  const [size, count, length] = [header.readUInt32LE(12), header.readUInt32LE(80), header.readUInt32LE(84)];
  const isSound =
    header.toString('latin1', 0, 8) === 'EFI PART' &&
    size >= 92 &&
    size <= 512 &&
    crc32(header.subarray(0, 16), Buffer.alloc(4), header.subarray(20, size)) === header.readUInt32LE(16) &&
    count <= 1024 &&
    length >= 128 &&
    length <= 4096;
  if (!isSound) return undefined;
  const table = disk.read(readU64(header, 72, 'LE') * sector, count * length);
  if (crc32(table) !== header.readUInt32LE(88)) return undefined;
  return Array.from({ length: count }, (_, i) => table.subarray(i * length, (i + 1) * length));
}

function isUsed(entry: Buffer): boolean {
  return entry.subarray(0, 16).some((byte) => byte !== 0);
}

function gptPartition(disk: Blocks, entry: Buffer, number: number, sector: number): Partition {
  const first = readU64(entry, 32, 'LE');
  const last = readU64(entry, 40, 'LE');
  return {
    number,
    type: guid(entry, 0),
    uuid: guid(entry, 16),
    label: entry.toString('utf16le', 56, 128).replace(/\0.*$/s, ''),
    blocks: cut(disk, first * sector, (last - first + 1) * sector),
  };
}

/** A partition that goes on behind the disk's end (a truncated image) has what is there; reading beyond fails then and there. */
function cut(disk: Blocks, start: number, size: number): Blocks {
  return slice(disk, start, Math.max(0, Math.min(size, disk.size - start)));
}

/** The first three fields of a GUID are little-endian. */
function guid(buffer: Buffer, at: number): string {
  const swapped = Buffer.from(buffer.subarray(at, at + 16));
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
