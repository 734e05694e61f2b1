import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { platform } from 'node:process';
import { Unreadable } from './look.ts';
import { type Node, readerOf } from './tree.ts';
import type { FileType, Reader, Stat } from './types.ts';

/** Reads the files below a directory of this machine as those of another. Nothing above or beside it is ever opened. */
export function openDirectory(what: string): Reader {
  let bytes = 0;
  const root = directoryNode(realpathSync(what), (count) => {
    bytes += count;
  });
  return readerOf(root, { kind: 'directory', what, live: false, bytesRead: () => bytes, close: async () => {} });
}

/** Which directory the machine's root is: how to open it, and what the kernel then calls it. */
interface Base {
  readonly open: string;
  readonly called: string;
  readonly count: (bytes: number) => void;
}

/**
 * A directory of this machine; `path` must be real: without links. `count` is told how many bytes of files were read. `called` is
 * what the kernel calls the directory, where that is not its path.
 */
export function directoryNode(path: string, count: (bytes: number) => void, called = path): Node {
  const base = { open: withoutSlash(path), called: withoutSlash(called), count };
  return nodeAt(base, '', lstatSync(path), path);
}

function withoutSlash(path: string): string {
  return path === '/' ? '' : path;
}

/** `path` is how to find it from the base later; `stable` leads to it even where links are put in the way meanwhile. */
function nodeAt(base: Base, path: string, stats: Stats, stable: string): Node {
  const stat = statOf(stats);
  const target = stat.type === 'symlink' ? readlinkSync(stable) : '';
  return {
    stat,
    child: (name) =>
      withDirectory(base, path, (directory) => {
        const found = lstatSync(`${directory}/${name}`, { throwIfNoEntry: false });
        if (found) return nodeAt(base, `${path}/${name}`, found, `${directory}/${name}`);
        if (name.includes('\ufffd')) throw new Unreadable('its name is not UTF-8');
        return undefined;
      }),
    names: () => withDirectory(base, path, (directory) => readdirSync(directory)),
    target: () => target,
    content: (offset, length) => {
      const content = readBytes(base, path, offset, length);
      base.count(content.length);
      return content;
    },
  };
}

/** Holds a directory open while something in it is looked at, so that nobody can put a link in its place meanwhile. */
function withDirectory<T>(base: Base, path: string, see: (stable: string) => T): T {
  const handle = openExactly(base, path, constants.O_DIRECTORY);
  try {
    return see(platform === 'linux' ? `/proc/self/fd/${handle}` : base.open + path);
  } finally {
    closeSync(handle);
  }
}

/** Opens a path and makes sure that it led where it says: O_NOFOLLOW alone guards its last part only. */
function openExactly({ open, called }: Base, path: string, flags: number): number {
  const handle = openSync(open + path || '/', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | flags);
  if (platform !== 'linux' || readlinkSync(`/proc/self/fd/${handle}`) === (called + path || '/')) return handle;
  closeSync(handle);
  throw new Unreadable('it was moved while it was looked at');
}

/** To the end that it has, whatever size is said. */
function readBytes(base: Base, path: string, offset: number, length: number): Uint8Array {
  const handle = openExactly(base, path, 0);
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw new Unreadable('it is not a regular file');
    const chunks: Buffer[] = [];
    for (let done = 0; done < length; ) {
      const expected = Math.max(4096, Math.min(stats.size - offset - done + 1, 1 << 20));
      const chunk = Buffer.allocUnsafe(Math.min(length - done, expected));
      const got = readSync(handle, chunk, 0, chunk.length, offset + done);
      if (got === 0) break;
      chunks.push(chunk.subarray(0, got));
      done += got;
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(handle);
  }
}

function statOf(stats: Stats): Stat {
  return { type: typeOf(stats), mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, size: stats.size };
}

function typeOf(stats: Stats): FileType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}
