import { dirname, resolve } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { Unreadable, whyUnreadable } from '../look.ts';
import { unzstdFrame } from '../zstd.ts';
import { type BlockFile, type Blocks, checkRange, type Keep, openBlocks, readU64 } from './blocks.ts';
import { remember } from './cache.ts';

/** What the header says, after it was found sound. */
interface Header {
  readonly size: number;
  readonly clusterBits: number;
  readonly l1Offset: number;
  readonly l1Size: number;
  readonly zstd: boolean;
  /** L2 entries have a second half that says what each 32nd of the cluster is. */
  readonly subclusters: boolean;
  readonly backing: { readonly name: string; readonly format: string } | undefined;
}

const INCOMPATIBLE = { dirty: 1, corrupt: 2, externalData: 4, compression: 8, extendedL2: 16 };
const ADDRESS = 0x00ff_ffff_ffff_fe00n;
const COMPRESSED = 1n << 62n;
const ALL_ZERO = 1n;
const DEEPEST_CHAIN = 16;
const LARGEST_L1 = 32 * 1024 * 1024;
const EXTENSION_BACKING_FORMAT = 0xe2792aca;

/** Whether the file begins as a qcow2 image does. */
export function isQcow2(blocks: Blocks): boolean {
  return blocks.size >= 72 && blocks.read(0, 4).toString('latin1') === 'QFI\xfb';
}

/** The disk inside of a qcow2 image. `path` is where it lies: the name of its backing file counts from there, and without one there is none. */
export function openQcow2(file: Blocks, path: string | undefined, keep: Keep, above: readonly string[] = []): Blocks {
  const header = readHeader(file);
  if (header.backing && path === undefined)
    throw new Unreadable('it is packed and has a backing file; unpack it first');
  const backing = header.backing && path !== undefined ? openBacking(header.backing, path, keep, above) : undefined;
  return diskOf(file, header, backing);
}

function openBacking(
  { name, format }: { readonly name: string; readonly format: string },
  path: string,
  keep: Keep,
  overlays: readonly string[],
): Blocks {
  const above = [...overlays, resolve(path)];
  if (/^[a-z0-9+-]+:/i.test(name)) throw new Unreadable(`its backing file ${name} is not a file of this machine`);
  const found = resolve(dirname(path), name);
  if (above.includes(found)) throw new Unreadable(`its backing files lead back to ${found}`);
  if (above.length >= DEEPEST_CHAIN) throw new Unreadable(`it has more than ${DEEPEST_CHAIN} backing files in a chain`);
  const file = keep(openNamed(found));
  if (format === 'qcow2' || (format === '' && isQcow2(file))) return openQcow2(file, found, keep, above);
  if (format === 'raw' || format === '') return file;
  throw new Unreadable(`its backing file ${name} has the format ${format}`);
}

function openNamed(path: string): BlockFile {
  try {
    return openBlocks(path);
  } catch (error) {
    throw new Unreadable(`its backing file cannot be read: ${whyUnreadable(error)}`);
  }
}

function readHeader(file: Blocks): Header {
  const head = file.read(0, Math.min(file.size, 4096));
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw new Unreadable(`it is qcow2 of the unknown version ${version}`);
  if (head.readUInt32BE(32) !== 0) throw new Unreadable('it is encrypted');
  const clusterBits = head.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) throw new Unreadable(`it is corrupt: clusters of 2^${clusterBits} bytes`);
  const features = version === 3 ? readFeatures(head) : 0;
  const header = {
    size: readU64(head, 24, 'BE'),
    clusterBits,
    l1Size: head.readUInt32BE(36),
    l1Offset: readU64(head, 40, 'BE'),
    zstd: readCompression(head, features),
    subclusters: (features & INCOMPATIBLE.extendedL2) !== 0,
    backing: readBacking(file, head, version),
  };
  if (header.l1Size * 8 > LARGEST_L1) throw new Unreadable(`it is corrupt: an L1 table of ${header.l1Size} entries`);
  return header;
}

function readFeatures(head: Buffer): number {
  const features = readU64(head, 72, 'BE');
  if (features & INCOMPATIBLE.externalData) throw new Unreadable('it keeps its data in another file');
  if (features & INCOMPATIBLE.corrupt) throw new Unreadable('qemu marked it as corrupt');
  if (features > 31) throw new Unreadable(`it uses features of qcow2 that are not known here (${features})`);
  return features;
}

function readCompression(head: Buffer, features: number): boolean {
  const type = features & INCOMPATIBLE.compression ? head.readUInt8(104) : 0;
  if (type > 1) throw new Unreadable(`it uses the unknown compression ${type}`);
  return type === 1;
}

function readBacking(file: Blocks, head: Buffer, version: number): Header['backing'] {
  const offset = readU64(head, 8, 'BE');
  const length = head.readUInt32BE(16);
  if (offset === 0 || length === 0) return undefined;
  if (length > 1023) throw new Unreadable('it is corrupt: the name of its backing file is too long');
  const extensions = version === 3 ? head.readUInt32BE(100) : 72;
  return { name: file.read(offset, length).toString('utf8'), format: readBackingFormat(head, extensions) };
}

function readBackingFormat(head: Buffer, start: number): string {
  for (let at = start; at + 8 <= head.length; ) {
    const type = head.readUInt32BE(at);
    const length = head.readUInt32BE(at + 4);
    if (type === 0) return '';
    if (type === EXTENSION_BACKING_FORMAT) return head.toString('utf8', at + 8, at + 8 + length);
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return '';
}

/** A disk of clusters, each found by two tables. */
function diskOf(file: Blocks, header: Header, backing: Blocks | undefined): Blocks {
  const { size, clusterBits } = header;
  const cluster = 2 ** clusterBits;
  const entryBytes = header.subclusters ? 16 : 8;
  const perTable = cluster / entryBytes;
  const table = remember(16, (offset: number) => file.read(offset, cluster));
  const unpacked = remember(clusterBits > 16 ? 4 : 32, (entry: bigint) => unpack(file, header, entry));

  /** Both halves of what an L2 table says about a cluster; zeros where there is no table. */
  const entryOf = (index: number): readonly [bigint, bigint] => {
    const l1Index = Math.floor(index / perTable);
    if (l1Index >= header.l1Size) throw new Unreadable('it is corrupt: its L1 table is too short for its size');
    const l1Entry = file.read(header.l1Offset + l1Index * 8, 8).readBigUInt64BE();
    const offset = Number(l1Entry & ADDRESS);
    if (offset === 0) return [0n, 0n];
    const l2 = table(offset);
    const at = (index % perTable) * entryBytes;
    return [l2.readBigUInt64BE(at), header.subclusters ? l2.readBigUInt64BE(at + 8) : 0n];
  };

  const below = (offset: number, length: number): Buffer => {
    const piece = Buffer.alloc(length);
    const there = Math.min(length, (backing?.size ?? 0) - offset);
    if (backing && there > 0) backing.read(offset, there).copy(piece);
    return piece;
  };

  /** `length` bytes that lie within one cluster, and within one of its subclusters where it has them. */
  const readPiece = (offset: number, length: number): Buffer => {
    const [entry, map] = entryOf(Math.floor(offset / cluster));
    const within = offset % cluster;
    if (entry & COMPRESSED) return unpacked(entry).subarray(within, within + length);
    const kind = header.subclusters ? subclusterKind(map, Math.floor(within / (cluster / 32))) : kindOf(entry);
    if (kind === 'zero') return Buffer.alloc(length);
    return kind === 'below' ? below(offset, length) : file.read(Number(entry & ADDRESS) + within, length);
  };

  const step = header.subclusters ? cluster / 32 : cluster;
  return {
    size,
    read: (offset, length) => {
      checkRange(size, offset, length);
      const pieces: Buffer[] = [];
      for (let at = offset; at < offset + length; ) {
        const end = Math.min(offset + length, (Math.floor(at / step) + 1) * step);
        pieces.push(readPiece(at, end - at));
        at = end;
      }
      return Buffer.concat(pieces, length);
    },
  };
}

type Kind = 'here' | 'zero' | 'below';

function kindOf(entry: bigint): Kind {
  if (entry & ALL_ZERO) return 'zero';
  return entry & ADDRESS ? 'here' : 'below';
}

function subclusterKind(map: bigint, index: number): Kind {
  if (map & (1n << BigInt(index + 32))) return 'zero';
  return map & (1n << BigInt(index)) ? 'here' : 'below';
}

/** A compressed cluster: where it lies and how long it is share one number. */
function unpack(file: Blocks, { clusterBits, zstd }: Header, entry: bigint): Buffer {
  const split = BigInt(62 - (clusterBits - 8));
  const offset = Number(entry & ((1n << split) - 1n));
  const sectors = Number((entry & (COMPRESSED - 1n)) >> split) + 1;
  const length = Math.min(sectors * 512 - (offset % 512), file.size - offset);
  const size = 2 ** clusterBits;
  const packed = file.read(offset, Math.max(0, length));
  const content = zstd ? unzstdFrame(packed, size) : inflate(packed, size);
  if (content.length !== size) throw new Unreadable('it is corrupt: a compressed cluster is too short');
  return content;
}

function inflate(packed: Buffer, size: number): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: size });
  } catch {
    throw new Unreadable('it is corrupt: a compressed cluster cannot be unpacked');
  }
}
