import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Unreadable } from '../look.ts';

/** Bytes that can be read at any place: a file, a disk inside of an image, a partition on it. */
export interface Blocks {
  /** Bytes. */
  readonly size: number;
  /** Exactly `length` bytes; throws Unreadable where they are not all there. */
  readonly read: (offset: number, length: number) => Buffer;
}

/** A file of this machine that is open for reading. */
export interface BlockFile extends Blocks {
  /** Bytes read so far. */
  readonly bytesRead: () => number;
  readonly close: () => void;
}

/** One read asks for at most this: a number in a hostile image must not choose how much memory is taken. */
const MOST_AT_ONCE = 256 * 1024 * 1024;

/** Keeps a file that was opened, to be closed with the reader. */
export type Keep = (file: BlockFile) => BlockFile;

/** Opens a regular file read-only. Whatever a path leads to, no device is opened and no pipe waited at. */
export function openBlocks(path: string): BlockFile {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (fstatSync(handle).isFile()) return blocksOf(handle);
  closeSync(handle);
  throw new Unreadable(`${path} is not a regular file`);
}

/** Takes a file that is open; `close` closes it. */
export function blocksOf(handle: number): BlockFile {
  const { size } = fstatSync(handle);
  let bytes = 0;
  return {
    size,
    read: (offset, length) => {
      checkRange(size, offset, length);
      const buffer = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const got = readSync(handle, buffer, done, length - done, offset + done);
        if (got === 0) throw new Unreadable('it became shorter while it was read');
        done += got;
      }
      bytes += length;
      return buffer;
    },
    bytesRead: () => bytes,
    close: () => closeSync(handle),
  };
}

/** Throws Unreadable unless the range lies within `size` bytes. */
export function checkRange(size: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > size) {
    throw new Unreadable(`it is truncated or corrupt: bytes at ${offset} are outside of its ${size} bytes`);
  }
  if (length > MOST_AT_ONCE) throw new Unreadable(`it is corrupt: ${length} bytes in one piece`);
}

/** A part of something, as if it were all there is. */
export function slice(blocks: Blocks, start: number, size: number): Blocks {
  return {
    size,
    read: (offset, length) => {
      checkRange(size, offset, length);
      return blocks.read(start + offset, length);
    },
  };
}

/** An unsigned 64-bit number. Throws Unreadable for one that no disk reaches. */
export function readU64(buffer: Buffer, offset: number, order: 'LE' | 'BE'): number {
  const value = Number(order === 'LE' ? buffer.readBigUInt64LE(offset) : buffer.readBigUInt64BE(offset));
  if (!Number.isSafeInteger(value)) throw new Unreadable('it is corrupt: a number in it is larger than any disk');
  return value;
}
