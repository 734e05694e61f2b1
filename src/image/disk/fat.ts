import { Unreadable } from '../look.ts';
import type { Node } from '../tree.ts';
import type { Stat } from '../types.ts';
import type { Blocks } from './blocks.ts';
import { remember } from './cache.ts';

/** Where the parts of a FAT file system lie: bytes, but for `clusters`. */
interface Layout {
  readonly bits: 12 | 16 | 32;
  readonly cluster: number;
  readonly clusters: number;
  readonly fat: number;
  readonly data: number;
  /** Of FAT32 a cluster; else a fixed place. */
  readonly root: { readonly cluster: number } | { readonly at: number; readonly length: number };
  readonly uuid: string;
  readonly label: string;
}

interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly first: number;
  readonly size: number;
}

/** No directory of FAT may have more. */
const LARGEST_DIRECTORY = 2 * 1024 * 1024;
const DIRECTORY = 0x10;
const VOLUME = 0x08;
const LONG_NAME = 0x0f;

/** Whether the blocks begin as FAT does: a file system's parameters, and the mark of a boot sector. */
export function isFat(blocks: Blocks): boolean {
  if (blocks.size < 512) return false;
  const sector = blocks.read(0, 512);
  const bytes = sector.readUInt16LE(11);
  const isJump = sector.readUInt8(0) === 0xeb || sector.readUInt8(0) === 0xe9;
  return isJump && sector.readUInt16LE(510) === 0xaa55 && bytes >= 512 && bytes <= 4096 && sector.readUInt8(16) > 0;
}

/** The files of FAT12, FAT16 or FAT32. Names differ by more than the size of letters; owners and modes are those of a mount. */
export function openFat(blocks: Blocks): { readonly root: Node; readonly uuid: string; readonly label: string } {
  const layout = readLayout(blocks.read(0, 512));
  const chain = (first: number, limit: number): Buffer => readChain(blocks, layout, first, limit);
  const directory = (content: () => Buffer): Node => {
    const entries = remember(1, (_: 'all') => readEntries(content()));
    return {
      ...NOT_FOR_THIS,
      stat: statOf('directory', 0),
      child: (name) => {
        const entry = entries('all').find((e) => e.name.toLowerCase() === name.toLowerCase());
        return entry && nodeOf(entry);
      },
      names: () => entries('all').map(({ name }) => name),
    };
  };
  const nodeOf = (entry: Entry): Node =>
    entry.isDirectory
      ? directory(() => chain(entry.first, LARGEST_DIRECTORY + 1))
      : {
          ...NOT_FOR_THIS,
          stat: statOf('file', entry.size),
          content: (offset, length) => readFile(blocks, layout, entry, offset, length),
        };
  const { root } = layout;
  const content =
    'cluster' in root ? () => chain(root.cluster, LARGEST_DIRECTORY + 1) : () => blocks.read(root.at, root.length);
  return { root: directory(content), uuid: layout.uuid, label: layout.label };
}

const NOT_FOR_THIS: Omit<Node, 'stat'> = {
  child: () => undefined,
  names: () => [],
  target: () => '',
  content: () => Buffer.alloc(0),
};

function statOf(type: Stat['type'], size: number): Stat {
  return { type, mode: 0o755, uid: 0, gid: 0, size };
}

function readLayout(sector: Buffer): Layout {
  const bytes = sector.readUInt16LE(11);
  const cluster = sector.readUInt8(13) * bytes;
  const reserved = sector.readUInt16LE(14) * bytes;
  const fatBytes = (sector.readUInt16LE(22) || sector.readUInt32LE(36)) * bytes;
  const rootBytes = sector.readUInt16LE(17) * 32;
  const total = (sector.readUInt16LE(19) || sector.readUInt32LE(32)) * bytes;
  const rootAt = reserved + sector.readUInt8(16) * fatBytes;
  const data = rootAt + Math.ceil(rootBytes / bytes) * bytes;
  const clusters = Math.floor((total - data) / cluster);
  if (!(clusters > 0) || fatBytes === 0) throw new Unreadable('FAT with a corrupt boot sector');
  const is32 = sector.readUInt16LE(22) === 0;
  const extended = is32 ? 64 : 36;
  return {
    bits: is32 ? 32 : clusters < 4085 ? 12 : 16,
    cluster,
    clusters,
    fat: reserved,
    data,
    root: is32 ? { cluster: sector.readUInt32LE(44) } : { at: rootAt, length: rootBytes },
    uuid: sector
      .readUInt32LE(extended + 3)
      .toString(16)
      .toUpperCase()
      .padStart(8, '0')
      .replace(/^(.{4})/, '$1-'),
    label: sector.toString('latin1', extended + 7, extended + 18).trimEnd(),
  };
}

/** A chain of clusters, `limit` bytes of it at most; one that bites its own tail would be longer than the disk. */
function readChain(blocks: Blocks, layout: Layout, first: number, limit: number): Buffer {
  const pieces: Buffer[] = [];
  const last = layout.clusters + 1;
  let cluster = first;
  for (let total = 0; total < limit && cluster >= 2 && cluster <= last; total += layout.cluster) {
    if (pieces.length > layout.clusters) throw new Unreadable('it is corrupt: its chain of clusters has a loop');
    pieces.push(blocks.read(layout.data + (cluster - 2) * layout.cluster, layout.cluster));
    cluster = nextCluster(blocks, layout, cluster);
  }
  return Buffer.concat(pieces);
}

function nextCluster(blocks: Blocks, { bits, fat }: Layout, cluster: number): number {
  if (bits === 32) return blocks.read(fat + cluster * 4, 4).readUInt32LE() & 0x0fff_ffff;
  if (bits === 16) return blocks.read(fat + cluster * 2, 2).readUInt16LE();
  const pair = blocks.read(fat + cluster + (cluster >> 1), 2).readUInt16LE();
  return cluster & 1 ? pair >> 4 : pair & 0xfff;
}

function readFile(blocks: Blocks, layout: Layout, { first, size }: Entry, offset: number, length: number): Buffer {
  const end = Math.min(size, offset + length);
  if (offset >= end) return Buffer.alloc(0);
  const content = readChain(blocks, layout, first, end);
  if (content.length < end) throw new Unreadable('it is corrupt: its chain of clusters is too short');
  return content.subarray(offset, end);
}

/** A long name stands before its entry, in pieces, the last one first. */
function readEntries(content: Buffer): readonly Entry[] {
  if (content.length > LARGEST_DIRECTORY) throw new Unreadable('it is corrupt: a directory without end');
  const entries: Entry[] = [];
  let long = '';
  for (let at = 0; at + 32 <= content.length && content[at] !== 0; at += 32) {
    const raw = content.subarray(at, at + 32);
    const attributes = raw.readUInt8(11);
    if (raw[0] === 0xe5) long = '';
    else if ((attributes & 0x3f) === LONG_NAME) long = longPiece(raw) + long;
    else {
      const name = long.replace(/\0.*$/s, '') || shortName(raw);
      long = '';
      if (attributes & VOLUME || name === '.' || name === '..') continue;
      if (/[/\0]/.test(name)) throw new Unreadable('it is corrupt: a directory entry');
      entries.push({
        name,
        isDirectory: (attributes & DIRECTORY) !== 0,
        first: raw.readUInt16LE(20) * 65536 + raw.readUInt16LE(26),
        size: raw.readUInt32LE(28),
      });
    }
  }
  return entries;
}

function longPiece(raw: Buffer): string {
  return Buffer.concat([raw.subarray(1, 11), raw.subarray(14, 26), raw.subarray(28, 32)]).toString('utf16le');
}

/** Two bits say that its parts are in small letters. */
function shortName(raw: Buffer): string {
  const small = raw.readUInt8(12);
  const part = (from: number, to: number, bit: number): string => {
    const text = raw.toString('latin1', from, to).trimEnd();
    return small & bit ? text.toLowerCase() : text;
  };
  const extension = part(8, 11, 0x10);
  return part(0, 8, 0x08) + (extension && `.${extension}`);
}
