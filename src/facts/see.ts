import { ABSENT, known, Unreadable, unknown } from '../image/look.ts';
import type { Look, Reader, Stat } from '../image/types.ts';
import type { Evidence } from './types.ts';

/** Text files that say something about a machine are far smaller. */
const TEXT_LIMIT = 1024 * 1024;

/** What was read is wrong in itself, and no other reader would fare better. */
export class Damaged extends Unreadable {}

/**
 * A Look of what `find` finds: undefined is absent, and what could not be looked at on the way makes it unknown. Within `find` the
 * functions below throw for the latter, so that no answer can rest on a part that nobody saw.
 */
export async function look<T>(find: () => Promise<T | undefined>): Promise<Look<T>> {
  try {
    const found = await find();
    return found === undefined ? ABSENT : known(found);
  } catch (error) {
    if (error instanceof Unreadable) return unknown(error.message);
    throw error;
  }
}

/** The value; undefined where it is absent; throws Unreadable where it is unknown. */
export function seen<T>(found: Look<T>, path?: string): T | undefined {
  if (found.state === 'known') return found.value;
  if (found.state === 'absent') return undefined;
  throw new Unreadable(path === undefined || found.why.includes(path) ? found.why : `${path}: ${found.why}`);
}

export async function readBytes(reader: Reader, path: string, limit = TEXT_LIMIT): Promise<Buffer | undefined> {
  const bytes = seen(await reader.read(path, limit), path);
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export async function readText(reader: Reader, path: string, limit = TEXT_LIMIT): Promise<string | undefined> {
  return (await readBytes(reader, path, limit))?.toString('utf8');
}

/** Part of a file that may be large; less where the file ends. */
export async function readPart(
  reader: Reader,
  path: string,
  offset: number,
  length: number,
): Promise<Buffer | undefined> {
  const bytes = seen(await reader.part(path, offset, length), path);
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export async function statOf(reader: Reader, path: string): Promise<Stat | undefined> {
  return seen(await reader.stat(path), path);
}

export async function linkOf(reader: Reader, path: string): Promise<string | undefined> {
  return seen(await reader.readlink(path), path);
}

export async function isFile(reader: Reader, path: string): Promise<boolean> {
  return (await statOf(reader, path))?.type === 'file';
}

export async function isExecutable(reader: Reader, path: string): Promise<boolean> {
  const stat = await statOf(reader, path);
  return stat?.type === 'file' && (stat.mode & 0o111) !== 0;
}

/** The first of the paths that is there. */
export async function firstOf(
  paths: readonly string[],
  is: (path: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const path of paths) if (await is(path)) return path;
  return undefined;
}

/** Names in a directory; none where there is no directory. */
export async function namesIn(reader: Reader, directory: string): Promise<readonly string[]> {
  const names = await reader.list(directory);
  // Asked only now: most are directories, or are not there.
  if (names.state === 'unknown' && (await statOf(reader, directory))?.type !== 'directory') return [];
  return seen(names, directory) ?? [];
}

/** Paths below a directory whose names fit; none where there is no directory. */
export async function pathsIn(reader: Reader, directory: string, fits: RegExp): Promise<readonly string[]> {
  const names = await namesIn(reader, directory);
  return names.filter((name) => fits.test(name)).map((name) => `${directory}/${name}`);
}

/** A text file of a machine. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** Those of the paths that lead to files, with their text. */
export async function textsOf(reader: Reader, paths: readonly string[]): Promise<readonly TextFile[]> {
  const files = await Promise.all(paths.map((path) => textOf(reader, path)));
  return files.flat();
}

async function textOf(reader: Reader, path: string): Promise<readonly TextFile[]> {
  const bytes = await reader.read(path, TEXT_LIMIT);
  if (bytes.state === 'unknown' && (await statOf(reader, path))?.type !== 'file') return [];
  const content = seen(bytes, path);
  return content === undefined ? [] : [{ path, text: Buffer.from(content).toString('utf8') }];
}

/**
 * Files of a configuration that is spread over directories, the most important first: a name in one hides the same name in
 * those after it, also where it is a link to /dev/null; all are read in the order of their names.
 */
export async function layeredTexts(
  reader: Reader,
  directories: readonly string[],
  fits: RegExp,
): Promise<readonly TextFile[]> {
  const chosen = new Map<string, string>();
  for (const directory of directories) {
    for (const name of await namesIn(reader, directory)) {
      if (fits.test(name) && !chosen.has(name)) chosen.set(name, `${directory}/${name}`);
    }
  }
  const names = [...chosen.keys()].sort();
  return textsOf(
    reader,
    names.map((name) => chosen.get(name) ?? ''),
  );
}

/** The lines of a file that fit, as evidence. */
export function linesOf({ path, text }: TextFile, fits: (line: string) => boolean): readonly Evidence[] {
  return text
    .split('\n')
    .map((line, index) => ({ path, line: index + 1, text: line.trim().slice(0, 500) }))
    .filter((line) => fits(line.text));
}
