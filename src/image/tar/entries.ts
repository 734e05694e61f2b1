import type { Blocks } from '../disk/blocks.ts';
import { Unreadable } from '../look.ts';
import type { FileType } from '../types.ts';

/** A member of a tar archive. */
export interface TarEntry {
  /** As it is written: with `./`, `..` or a last slash, if it has them. */
  readonly name: string;
  readonly type: FileType | 'hardlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** What a link leads to. */
  readonly link: string;
  /** Where its content begins in the archive. */
  readonly offset: number;
  /** Holes are left out of its content. */
  readonly sparse: boolean;
}

const BLOCK = 512;
const MOST_ENTRIES = 400_000;
/** A longer name or a longer list of attributes has no use. */
const LARGEST_EXTENSION = 1024 * 1024;
const TYPES: Readonly<Record<string, TarEntry['type']>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'other',
  '4': 'other',
  '5': 'directory',
  '6': 'other',
};

/** Attributes that stand before the member that they are about. */
type Attributes = Readonly<Record<string, string>>;

/** Whether the blocks begin with the header of a tar archive. */
export function isTar(blocks: Blocks): boolean {
  if (blocks.size < BLOCK) return false;
  const header = blocks.read(0, BLOCK);
  return header.some((byte) => byte !== 0) && hasRightSum(header);
}

/** All members in their order. Throws Unreadable for an archive that is damaged or does not come to its end. */
export function* tarEntries(archive: Blocks): Generator<TarEntry> {
  let everywhere: Attributes = {};
  let next: Attributes = {};
  let count = 0;
  for (let at = 0; ; ) {
    const header = archive.read(at, BLOCK);
    if (header.every((byte) => byte === 0)) return;
    if (!hasRightSum(header)) throw new Unreadable(`the archive is damaged at byte ${at}`);
    count += 1;
    if (count > MOST_ENTRIES) throw new Unreadable(`the archive has more than ${MOST_ENTRIES} members`);
    const flag = String.fromCharCode(header.readUInt8(156));
    const own = numberField(header, 124, 12);
    const offset = at + BLOCK + sparseHeaders(archive, at, header, flag);
    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      const found = readExtension(archive, flag, offset, own);
      if (flag === 'g') everywhere = { ...everywhere, ...found };
      else next = { ...next, ...found };
      at = offset + padded(own);
      continue;
    }
    const attributes = { ...everywhere, ...next };
    next = {};
    const size = attributes.size === undefined ? own : whole(attributes.size);
    const entry = entryOf(header, flag, attributes, size, offset);
    if (entry) yield entry;
    at = offset + padded(entry ? entry.size : size);
  }
}

function entryOf(
  header: Buffer,
  flag: string,
  attributes: Attributes,
  size: number,
  offset: number,
): TarEntry | undefined {
  const type = TYPES[flag];
  if (type === undefined) return undefined;
  const name = attributes['GNU.sparse.name'] ?? attributes.path ?? headerName(header);
  const isFolder = type === 'file' && name.endsWith('/');
  return {
    name,
    type: isFolder ? 'directory' : type,
    mode: numberField(header, 100, 8) & 0o7777,
    uid: attributes.uid === undefined ? numberField(header, 108, 8) : whole(attributes.uid),
    gid: attributes.gid === undefined ? numberField(header, 116, 8) : whole(attributes.gid),
    size: type === 'file' ? size : 0,
    link: attributes.linkpath ?? text(header, 157, 100),
    offset,
    sparse: flag === 'S' || Object.keys(attributes).some((key) => key.startsWith('GNU.sparse.')),
  };
}

/** Only POSIX archives keep the beginning of a long name in `prefix`; GNU's have other things there. */
function headerName(header: Buffer): string {
  const name = text(header, 0, 100);
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** A sparse member's list of holes may go on in further headers. */
function sparseHeaders(archive: Blocks, at: number, header: Buffer, flag: string): number {
  if (flag !== 'S') return 0;
  let length = 0;
  for (let more = header.readUInt8(482) !== 0; more; length += BLOCK) {
    more = archive.read(at + BLOCK + length, BLOCK).readUInt8(504) !== 0;
  }
  return length;
}

function readExtension(archive: Blocks, flag: string, offset: number, size: number): Attributes {
  if (size > LARGEST_EXTENSION) throw new Unreadable(`the archive is damaged: a name or attribute of ${size} bytes`);
  const content = archive.read(offset, size);
  if (flag === 'L') return { path: text(content, 0, size) };
  if (flag === 'K') return { linkpath: text(content, 0, size) };
  return paxRecords(content);
}

/** Records are `LENGTH KEY=VALUE\n`, where LENGTH counts all of it. */
function paxRecords(content: Buffer): Attributes {
  const records: [string, string][] = [];
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(' ', at);
    const length = space < 0 ? 0 : whole(content.toString('latin1', at, space));
    const equals = content.indexOf('=', space);
    if (length <= space - at || equals < 0 || equals >= at + length || at + length > content.length) {
      throw new Unreadable('the archive is damaged: the attributes of a member');
    }
    records.push([content.toString('utf8', space + 1, equals), content.toString('utf8', equals + 1, at + length - 1)]);
    at += length;
  }
  return Object.fromEntries(records);
}

function hasRightSum(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  const said = /^[ \0]*([0-7]+)[ \0]*$/.exec(header.toString('latin1', 148, 156))?.[1];
  return said !== undefined && Number.parseInt(said, 8) === sum;
}

/** Octal digits, or, where the first bit is set, a binary number. */
function numberField(header: Buffer, at: number, length: number): number {
  const first = header.readUInt8(at);
  if (first & 0x80) {
    const value = header.subarray(at + 1, at + length).reduce((all, byte) => all * 256 + byte, first & 0x7f);
    return whole(String(value));
  }
  const digits = text(header, at, length).trim();
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : damagedNumber();
}

function whole(digits: string): number {
  const value = /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(value) ? value : damagedNumber();
}

function damagedNumber(): never {
  throw new Unreadable('the archive is damaged: a number in a header');
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function text(buffer: Buffer, at: number, length: number): string {
  const field = buffer.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}
