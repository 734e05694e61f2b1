import { Unreadable } from '../../look.ts';
import type { Node } from '../../tree.ts';
import type { Blocks } from '../blocks.ts';
import { remember } from '../cache.ts';
import { type Inode, readInode, runsOf } from './inode.ts';
import { checkLog } from './log.ts';
import { checkSum, readSuper, type Super } from './super.ts';

/** Directories keep names below this place in them, and what speeds looking them up above. */
const NAMES_END = 32 * 2 ** 30;
const LARGEST_DIRECTORY = 64 * 1024 * 1024;
const LONGEST_LINK = 1024;
const LINK_HEADER = 56;

/** The files of XFS. Throws Unreadable for what cannot be true of it as a whole, and for one that was not unmounted. */
export function openXfs(blocks: Blocks): { readonly root: Node; readonly uuid: string; readonly label: string } {
  const su = readSuper(blocks);
  checkLog(blocks, su);
  const inodeOf = remember(4096, (number: bigint) => readInode(blocks, su, number));
  const entriesOf = remember(64, (number: bigint) => readDirectory(blocks, su, inodeOf(number)));
  const nodeOf = (number: bigint): Node => {
    const inode = inodeOf(number);
    const { type, mode, uid, gid, size } = inode;
    return {
      stat: { type, mode, uid, gid, size },
      child: (name) => {
        const found = entriesOf(number).get(name);
        return found === undefined ? undefined : nodeOf(found);
      },
      names: () => [...entriesOf(number).keys()],
      target: () => readTarget(blocks, su, inode),
      content: (offset, length) => readContent(blocks, su, inode, offset, length),
    };
  };
  const root = nodeOf(su.rootInode);
  if (root.stat.type !== 'directory') throw new Unreadable('XFS without a root directory');
  return { root, uuid: su.uuid, label: su.label };
}

function readContent(blocks: Blocks, su: Super, inode: Inode, offset: number, length: number): Buffer {
  const end = Math.min(inode.size, offset + length);
  if (offset >= end) return Buffer.alloc(0);
  const content = Buffer.alloc(end - offset);
  for (const { at, count, place } of runsOf(blocks, su, inode, Math.ceil(end / su.blockSize))) {
    const from = Math.max(offset, at * su.blockSize);
    const to = Math.min(end, (at + count) * su.blockSize);
    if (from < to && place >= 0) blocks.read(place + from - at * su.blockSize, to - from).copy(content, from - offset);
  }
  return content;
}

function readTarget(blocks: Blocks, su: Super, inode: Inode): string {
  if (inode.size > LONGEST_LINK) throw new Unreadable(`it is corrupt: a link of ${inode.size} bytes`);
  if (inode.format === 'local') return inode.fork.subarray(0, inode.size).toString('utf8');
  const pieces: Buffer[] = [];
  let missing = inode.size;
  for (const { count, place } of runsOf(blocks, su, inode, LONGEST_LINK)) {
    for (let i = 0; i < count && missing > 0; i++) {
      const block = blocks.read(place + i * su.blockSize, su.blockSize);
      if (su.hasSums) checkSum(block, 12, 'a link');
      const piece = block.subarray(su.hasSums ? LINK_HEADER : 0).subarray(0, missing);
      pieces.push(piece);
      missing -= piece.length;
    }
  }
  if (missing > 0) throw new Unreadable('it is corrupt: a link is too short');
  return Buffer.concat(pieces).toString('utf8');
}

type Entries = Map<string, bigint>;

function readDirectory(blocks: Blocks, su: Super, inode: Inode): ReadonlyMap<string, bigint> {
  const found: Entries = new Map();
  if (inode.format === 'local') {
    addShort(found, su, inode.fork);
    return found;
  }
  if (inode.size > LARGEST_DIRECTORY) throw new Unreadable(`it is a directory of ${inode.size} bytes`);
  const content = readContent(blocks, su, { ...inode, size: Math.min(inode.size, NAMES_END) }, 0, inode.size);
  for (let at = 0; at < content.length; at += su.directoryBlock) {
    const block = content.subarray(at, at + su.directoryBlock);
    // A hole: all of its names are gone.
    if (block.readUInt32BE(0) !== 0) addBlock(found, su, block);
  }
  return found;
}

/** A small directory is in its inode; inode numbers have 4 bytes each, or 8. */
function addShort(found: Entries, su: Super, fork: Buffer): void {
  const count = fork.readUInt8(0);
  const isWide = fork.readUInt8(1) > 0;
  let at = isWide ? 10 : 6;
  for (let i = 0; i < count; i++) {
    const length = fork.readUInt8(at);
    const number = at + 3 + length + (su.hasTypes ? 1 : 0);
    addName(
      found,
      fork.subarray(at + 3, at + 3 + length),
      isWide ? fork.readBigUInt64BE(number) : BigInt(fork.readUInt32BE(number)),
    );
    at = number + (isWide ? 8 : 4);
  }
}

/** One block of a larger directory. One that is alone has what speeds looking up at its own end. */
function addBlock(found: Entries, su: Super, block: Buffer): void {
  const magic = block.toString('latin1', 0, 4);
  const isAlone = magic === (su.hasSums ? 'XDB3' : 'XD2B');
  if (!isAlone && magic !== (su.hasSums ? 'XDD3' : 'XD2D')) throw new Unreadable('it is corrupt: a directory block');
  if (su.hasSums) checkSum(block, 4, 'a directory block');
  const end = block.length - (isAlone ? 8 + block.readUInt32BE(block.length - 8) * 8 : 0);
  for (let at = su.hasSums ? 64 : 16; at < end; ) {
    if (block.readUInt16BE(at) === 0xffff) {
      const length = block.readUInt16BE(at + 2);
      if (length < 8) throw new Unreadable('it is corrupt: a directory entry');
      at += length;
      continue;
    }
    const length = block.readUInt8(at + 8);
    addName(found, block.subarray(at + 9, at + 9 + length), block.readBigUInt64BE(at));
    at += Math.ceil((11 + length + (su.hasTypes ? 1 : 0)) / 8) * 8;
  }
}

function addName(found: Entries, bytes: Buffer, number: bigint): void {
  const name = bytes.toString('utf8');
  if (name === '' || /[/\0]/.test(name)) throw new Unreadable('it is corrupt: a directory entry');
  if (name !== '.' && name !== '..') found.set(name, number);
}
