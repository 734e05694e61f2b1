import { createHash } from 'node:crypto';
import { Unreadable } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import { moduleElf } from './modinfo.ts';
import { searchOrder } from './search-order.ts';
import { Damaged, linkOf, look, namesIn, readBytes } from './see.ts';
import type { Compare } from './symvers.ts';
import type { ModuleElf, ModuleFile } from './types.ts';
import { compressionOf, unpack } from './unpack.ts';

/** Unpacked; real ones have less than a tenth. */
const MODULE_LIMIT = 32 * 1024 * 1024;

/** Bytes that all modules of a machine together may still unpack to. */
export interface Budget {
  left: number;
}

const FILE_NAME = /^(v?toa)\.ko(\.gz|\.xz|\.zst)?$/;
const ANY_MODULE = /\.ko(\.\w+)?$/;

/** Directories of a kernel's modules that depmod does not enter, and the one that is too large to be walked whole. */
const NOT_WALKED: ReadonlySet<string> = new Set(['build', 'source', 'kernel', 'vdso', 'systemd']);
const WALKED_OF_KERNEL = 'kernel/net';

const MOST_DIRECTORIES = 2000;
const MOST_FILES = 16;
const DEEPEST = 16;

/** Every toa and vtoa of a kernel, the one that depmod prefers first. `indexed`: where its index leads to, be it elsewhere. */
export async function findReaders(
  reader: Reader,
  directory: string,
  indexed: readonly string[],
): Promise<readonly string[]> {
  const found = new Set<string>();
  const top = await namesIn(reader, directory);
  const places = [...top.filter((name) => !NOT_WALKED.has(name) && !name.startsWith('modules.')), WALKED_OF_KERNEL];
  const walk = { reader, found, left: MOST_DIRECTORIES };
  for (const place of places) await collectBelow(walk, `${directory}/${place}`, 0);
  for (const path of indexed) if ((await reader.lstat(path)).state !== 'absent') found.add(path);
  if (found.size > MOST_FILES) throw new Unreadable(`${directory} has more than ${MOST_FILES} files named toa or vtoa`);
  const rank = await searchOrder(reader, directory.slice(directory.lastIndexOf('/') + 1));
  const key = (path: string): string => {
    const order = rank(nameOf(path), path.slice(directory.length + 1)) + 1;
    // Where depmod has no preference, it takes what the directory has first.
    return `${String(order).padStart(4, '0')} ${indexed.includes(path) ? 0 : 1} ${path}`;
  };
  return [...found].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** A walk below a directory: what it has found, and how many directories it may still enter. */
interface Walk {
  readonly reader: Reader;
  readonly found: Set<string>;
  left: number;
}

async function collectBelow(walk: Walk, path: string, depth: number): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (FILE_NAME.test(name)) walk.found.add(path);
  if (ANY_MODULE.test(name) || name.startsWith('.')) return;
  if (walk.left <= 0 || depth > DEEPEST) throw new Unreadable(`${path}: too many directories to look through`);
  walk.left -= 1;
  for (const child of await namesIn(walk.reader, path)) await collectBelow(walk, `${path}/${child}`, depth + 1);
}

function nameOf(path: string): ModuleFile['name'] {
  return path.slice(path.lastIndexOf('/') + 1).startsWith('v') ? 'vtoa' : 'toa';
}

/** A module's file, as it is. */
export async function moduleFile(
  reader: Reader,
  directory: string,
  path: string,
  compare: Compare,
  budget: Budget,
): Promise<ModuleFile> {
  const target = (await linkOf(reader, path)) ?? null;
  const compression = compressionOf(path);
  const bytes = await look(() => readBytes(reader, path, MODULE_LIMIT));
  const content = bytes.state === 'known' ? await contentOf(bytes.value, compression, compare, budget) : { elf: bytes };
  return {
    path,
    name: nameOf(path),
    compression,
    sha256: bytes.state === 'known' ? createHash('sha256').update(bytes.value).digest('hex') : '',
    place: path.startsWith(`${directory}/`) ? (path.slice(directory.length + 1).split('/', 1)[0] ?? '') : '',
    target,
    damage: null,
    ...content,
  };
}

async function contentOf(
  file: Buffer,
  compression: ModuleFile['compression'],
  compare: Compare,
  budget: Budget,
): Promise<{ readonly elf: Look<ModuleElf>; readonly damage?: string }> {
  let damage: string | undefined;
  const elf = await look(async () => {
    try {
      const limit = Math.min(MODULE_LIMIT, budget.left);
      budget.left -= limit;
      const unpacked = await unpack(file, compression, limit);
      budget.left += limit - Math.min(limit, unpacked.length);
      return await moduleElf(unpacked, compare);
    } catch (error) {
      if (error instanceof Damaged) damage = error.message;
      throw error;
    }
  });
  return damage === undefined ? { elf } : { elf, damage };
}
