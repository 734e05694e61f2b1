import { Unreadable } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import { look, readBytes, readText } from './see.ts';
import type { KernelFacts } from './types.ts';

const INDEX_LIMIT = 32 * 1024 * 1024;
const READERS = ['toa', 'vtoa'] as const;

/** Where a kernel's indices of modules lead to the readers. */
export async function moduleIndex(reader: Reader, directory: string): Promise<KernelFacts['index']> {
  const absolute = (path: string): string => (path.startsWith('/') ? path : `${directory}/${path}`);
  const text = look(async () => {
    const lines = await readText(reader, `${directory}/modules.dep`, INDEX_LIMIT);
    return lines === undefined ? undefined : textEntries(lines).map(absolute);
  });
  const binary = look(async () => {
    const index = await readBytes(reader, `${directory}/modules.dep.bin`, INDEX_LIMIT);
    return index && READERS.flatMap((name) => binaryEntries(index, name)).map(absolute);
  });
  return { text: await text, binary: await binary };
}

/** Readers that are part of the kernel itself, by modules.builtin. */
export function builtinReaders(reader: Reader, directory: string): Promise<Look<readonly string[]>> {
  return look(async () => {
    const text = await readText(reader, `${directory}/modules.builtin`);
    return text === undefined ? undefined : [...text.matchAll(/(?:^|\/)(v?toa)\.ko$/gm)].map(([, name = '']) => name);
  });
}

/** Lines `PATH: PATH PATH`. */
function textEntries(text: string): readonly string[] {
  return [...text.matchAll(/^((?:[^:\n]*\/)?v?toa\.ko[.a-z]*):/gm)].map(([, path = '']) => path);
}

const MAGIC = 0xb007f457;
const MAJOR_VERSION = 2;

/** What a node carries, in the topmost bits of an offset to it. */
const HAS_PREFIX = 0x8;
const HAS_VALUES = 0x4;
const HAS_CHILDREN = 0x2;
const OFFSET_MASK = 0x0fffffff;

/**
 * What kmod's binary index has for a name: a trie, all numbers big endian. A node is, as far as its flags say that it has them: a
 * prefix, as a string; the first and the last letter of its children, and an offset for each letter between; the number of its
 * values, each a priority and a string `PATH: PATH PATH`.
 */
export function binaryEntries(index: Buffer, name: string): readonly string[] {
  try {
    if (index.readUInt32BE(0) !== MAGIC) throw new Unreadable('modules.dep.bin is not an index');
    if (index.readUInt16BE(4) !== MAJOR_VERSION) throw new Unreadable('modules.dep.bin is of an unknown version');
    return nodeEntries(index, index.readUInt32BE(8), name);
  } catch (error) {
    if (error instanceof RangeError) throw new Unreadable('modules.dep.bin is truncated or corrupt');
    throw error;
  }
}

function nodeEntries(index: Buffer, node: number, name: string): readonly string[] {
  const flags = node >>> 28;
  let at = node & OFFSET_MASK;
  let rest = name;
  if (node === 0) return [];
  if (flags & HAS_PREFIX) {
    const prefix = text(index, at);
    if (!rest.startsWith(prefix)) return [];
    at += prefix.length + 1;
    rest = rest.slice(prefix.length);
  }
  let child = 0;
  if (flags & HAS_CHILDREN) {
    const first = index.readUInt8(at);
    const last = index.readUInt8(at + 1);
    const letter = rest.charCodeAt(0);
    if (letter >= first && letter <= last) child = index.readUInt32BE(at + 2 + (letter - first) * 4);
    at += 2 + (last - first + 1) * 4;
  }
  if (rest !== '') return nodeEntries(index, child, rest.slice(1));
  return flags & HAS_VALUES ? values(index, at) : [];
}

/** A module's name has one value. */
const MOST_VALUES = 16;

function values(index: Buffer, start: number): readonly string[] {
  const found: string[] = [];
  if (index.readUInt32BE(start) > MOST_VALUES) throw new Unreadable('modules.dep.bin is corrupt');
  let at = start + 4;
  for (let left = index.readUInt32BE(start); left > 0; left--) {
    const value = text(index, at + 4);
    found.push(value.split(':', 1)[0] ?? '');
    at += 4 + value.length + 1;
  }
  return found;
}

function text(index: Buffer, at: number): string {
  const end = index.indexOf(0, at);
  if (at >= index.length || end < 0) throw new Unreadable('modules.dep.bin is truncated or corrupt');
  return index.toString('latin1', at, end);
}
