import { Damaged } from './see.ts';

/** A section of an ELF file whose bytes all lie inside of it. */
export interface Section {
  readonly name: string;
  readonly type: number;
  readonly link: number;
  readonly bytes: Buffer;
}

/** An ELF file for a 64-bit little-endian machine. */
export interface Elf {
  /** `e_machine`. */
  readonly machine: number;
  readonly sections: readonly Section[];
}

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const RELOCATABLE = 1;
const NO_BITS = 8;
const SYMBOL_TABLE = 2;
const SYMBOL_SIZE = 24;
const UNDEFINED = 0;

/** Machines of other word size or byte order; undefined: it is no ELF file at all. */
export function elfKind(file: Buffer): 'wanted' | 'other' | undefined {
  if (file.length < 20 || file.readUInt32BE(0) !== 0x7f454c46) return undefined;
  return file[4] === 2 && file[5] === 1 ? 'wanted' : 'other';
}

/** Reads an object file as the kernel does before it loads one: nothing may point outside of the file. */
export function parseElf(file: Buffer): Elf {
  if (elfKind(file) !== 'wanted') throw new Damaged('it is not an ELF file');
  if (file.length < HEADER_SIZE) throw new Damaged('it ends within its ELF header');
  if (file.readUInt16LE(16) !== RELOCATABLE) throw new Damaged('it is not a relocatable object');
  const count = file.readUInt16LE(60);
  const nameIndex = file.readUInt16LE(62);
  if (file.readUInt16LE(58) !== SECTION_HEADER_SIZE || count === 0) throw new Damaged('its section table is corrupt');
  const table = within(file, wide(file, 40), count * SECTION_HEADER_SIZE, 'section table');
  const headers = Array.from({ length: count }, (_, index) => table.subarray(index * SECTION_HEADER_SIZE));
  const contents = headers.map((header) => contentOf(file, header));
  const names = contents[nameIndex];
  if (names === undefined || names.at(-1) !== 0) throw new Damaged('its section names are corrupt');
  const sections = headers.map((header, index) => ({
    name: stringAt(names, header.readUInt32LE(0)),
    type: header.readUInt32LE(4),
    link: header.readUInt32LE(40),
    bytes: contents[index] ?? Buffer.alloc(0),
  }));
  return { machine: file.readUInt16LE(18), sections };
}

/** The one section of that name. */
export function sectionOf(elf: Elf, name: string): Buffer | undefined {
  return elf.sections.find((section) => section.name === name)?.bytes;
}

/** Names of the symbols that an object needs from elsewhere. */
export function importsOf(elf: Elf): readonly string[] {
  const table = elf.sections.find((section) => section.type === SYMBOL_TABLE);
  if (table === undefined) throw new Damaged('it has no symbol table');
  const names = elf.sections[table.link]?.bytes;
  if (names === undefined || names.at(-1) !== 0 || table.bytes.length % SYMBOL_SIZE !== 0) {
    throw new Damaged('its symbol table is corrupt');
  }
  const found: string[] = [];
  for (let at = SYMBOL_SIZE; at < table.bytes.length; at += SYMBOL_SIZE) {
    if (table.bytes.readUInt16LE(at + 6) === UNDEFINED) found.push(stringAt(names, table.bytes.readUInt32LE(at)));
  }
  return found;
}

/** A string that ends with a zero byte. */
export function stringAt(bytes: Buffer, offset: number): string {
  const end = bytes.indexOf(0, offset);
  if (offset >= bytes.length || end < 0) throw new Damaged('a name in it has no end');
  return bytes.toString('latin1', offset, end);
}

function contentOf(file: Buffer, header: Buffer): Buffer {
  if (header.readUInt32LE(4) === NO_BITS) return Buffer.alloc(0);
  return within(file, wide(header, 24), wide(header, 32), 'section');
}

function within(file: Buffer, offset: number, length: number, what: string): Buffer {
  if (offset + length > file.length) throw new Damaged(`it is truncated or corrupt: a ${what} lies outside of it`);
  return file.subarray(offset, offset + length);
}

/** 64 bits; what a double cannot hold is outside of any file too. */
function wide(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}
