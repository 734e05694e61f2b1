import { ABSENT, look, Unreadable, unknown } from './look.ts';
import type { Look, Reader, Stat } from './types.ts';

/**
 * A file, directory or link, as one kind of image keeps it: what each kind brings, everything else is made of. Each function may
 * throw Unreadable, and none is called for another type of node than its own.
 */
export interface Node {
  readonly stat: Stat;
  /** What a directory has under a name; undefined: nothing. */
  readonly child: (name: string) => Node | undefined;
  /** A directory's names, without `.` and `..`, in any order. */
  readonly names: () => readonly string[];
  /** What a link says. */
  readonly target: () => string;
  /** A file's bytes from `offset` on: `length` of them, fewer at its end. */
  readonly content: (offset: number, length: number) => Uint8Array;
}

/** A node with the name by which its directory has it; the root has none. */
export interface Step {
  readonly name: string;
  readonly node: Node;
}

/** As the kernel's own. */
const MOST_LINKS = 40;
const MOST_NAMES = 100_000;
const LONGEST_PATH = 4096;
/** Bytes that `read` takes without being told: more than any kernel has. */
const DEFAULT_LIMIT = 64 * 1024 * 1024;

/**
 * The way from the root to what a path leads to, without the root; undefined: there is no such thing. Links are followed inside
 * of the tree only: `..` at the root stays there.
 */
export function trace(root: Node, path: string, followLast: boolean): readonly Step[] | undefined {
  const todo = path.split('/').reverse();
  const way: Step[] = [];
  let links = 0;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    const here = way.at(-1)?.node ?? root;
    if (here.stat.type !== 'directory') return undefined;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      way.pop();
      continue;
    }
    const node = here.child(name);
    if (node === undefined) return undefined;
    if (node.stat.type !== 'symlink' || (todo.length === 0 && !followLast)) {
      way.push({ name, node });
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw new Unreadable(`more than ${MOST_LINKS} symbolic links on the way`);
    const target = node.target();
    if (target === '') return undefined;
    if (target.startsWith('/')) way.length = 0;
    todo.push(...target.split('/').reverse());
  }
  return way;
}

/** What a path leads to. */
export function walk(root: Node, path: string, followLast = true): Node | undefined {
  const way = trace(root, path, followLast);
  return way && (way.at(-1)?.node ?? root);
}

/** What a reader has besides its files. */
export type Surroundings = Pick<Reader, 'kind' | 'what' | 'live' | 'bytesRead' | 'close' | 'run'>;

/** Makes a reader of the files below a node. */
export function readerOf(root: Node, surroundings: Surroundings): Reader {
  const at = async <T>(path: string, followLast: boolean, see: (node: Node) => T | undefined): Promise<Look<T>> =>
    lookAt(root, path, followLast, see);
  return {
    ...surroundings,
    stat: (path) => at(path, true, ({ stat }) => stat),
    lstat: (path) => at(path, false, ({ stat }) => stat),
    readlink: (path) => at(path, false, (node) => (node.stat.type === 'symlink' ? node.target() : undefined)),
    list: (path) => at(path, true, list),
    read: (path, limit = DEFAULT_LIMIT) => at(path, true, (node) => read(node, limit)),
    part: (path, offset, length) => at(path, true, (node) => part(node, offset, Math.min(length, DEFAULT_LIMIT))),
  };
}

function lookAt<T>(root: Node, path: string, followLast: boolean, see: (node: Node) => T | undefined): Look<T> {
  if (!path.startsWith('/')) return unknown('it is not an absolute path');
  if (path.includes('\0')) return ABSENT;
  if (path.length > LONGEST_PATH) return unknown(`its path is longer than ${LONGEST_PATH} characters`);
  return look(() => {
    const node = walk(root, path, followLast);
    return node && see(node);
  });
}

function list(node: Node): readonly string[] {
  if (node.stat.type !== 'directory') throw new Unreadable('it is not a directory');
  const names = node.names();
  if (names.length > MOST_NAMES) throw new Unreadable(`it has more than ${MOST_NAMES} entries`);
  return [...names].sort();
}

/** All of a regular file. Some in /proc and /sys say that they are empty: the bytes count as well. */
export function read(node: Node, limit: number): Uint8Array {
  const { size } = node.stat;
  if (size > limit) throw new Unreadable(`it has ${size} bytes; at most ${limit} are read`);
  const content = part(node, 0, limit + 1);
  if (content.length > limit) throw new Unreadable(`it has more than ${limit} bytes`);
  return content;
}

function part(node: Node, offset: number, length: number): Uint8Array {
  if (node.stat.type !== 'file') throw new Unreadable('it is not a regular file');
  return node.content(offset, length);
}
