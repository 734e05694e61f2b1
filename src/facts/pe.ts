import type { Reader } from '../image/types.ts';
import { Damaged, readPart } from './see.ts';

const HEAD = 16 * 1024;
const PE_OFFSET = 0x3c;
const SECTION_HEADER_SIZE = 40;
const MOST_SECTIONS = 96;

/** Larger sections hold a kernel or an initrd, which nobody asks for. */
const SECTION_LIMIT = 64 * 1024;

/** Sections of an EFI program, by name. Undefined: it is none. */
export async function peSections(
  reader: Reader,
  path: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const head = await readPart(reader, path, 0, HEAD);
  if (head === undefined || head.length < PE_OFFSET + 4 || head.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const pe = head.readUInt32LE(PE_OFFSET);
  if (pe + 24 > head.length || head.toString('latin1', pe, pe + 4) !== 'PE\0\0') return undefined;
  const table = pe + 24 + head.readUInt16LE(pe + 20);
  const count = head.readUInt16LE(pe + 6);
  if (count > MOST_SECTIONS || table + count * SECTION_HEADER_SIZE > head.length) {
    throw new Damaged(`${path}: its section table is corrupt`);
  }
  const found = new Map<string, Buffer>();
  for (let index = 0; index < count; index++) {
    const header = head.subarray(table + index * SECTION_HEADER_SIZE);
    const name = header.toString('latin1', 0, 8).replace(/\0.*$/s, '');
    if (!names.includes(name) || found.has(name)) continue;
    const size = Math.min(header.readUInt32LE(8), header.readUInt32LE(16));
    if (size > SECTION_LIMIT) throw new Damaged(`${path}: its section ${name} is too large`);
    const content = await readPart(reader, path, header.readUInt32LE(20), size);
    if (content?.length !== size) throw new Damaged(`${path} is truncated: its section ${name} lies outside of it`);
    found.set(name, content);
  }
  return found;
}
