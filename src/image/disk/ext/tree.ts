import { Unreadable } from '../../look.ts';
import type { Node } from '../../tree.ts';
import type { Blocks } from '../blocks.ts';
import { remember } from '../cache.ts';
import { checkDirectory, checkDirectoryIndex } from './checksum.ts';
import { contentBlocks, readContent } from './content.ts';
import { FLAG, type Inode, inodeTable } from './inode.ts';
import { replayJournal } from './journal.ts';
import { readSuper, type Super } from './super.ts';

const ROOT = 2;
/** Of 100,000 long names, with room for those that were deleted. */
const LARGEST_DIRECTORY = 64 * 1024 * 1024;
const LARGEST_JOURNAL = 16 * 1024 * 1024 * 1024;
const LONGEST_LINK = 4096;
/** Longer links have blocks of their own. */
const LONGEST_FAST_LINK = 59;

/** The files of ext2, ext3 or ext4. Throws Unreadable for what cannot be true of it as a whole. */
export function openExt(raw: Blocks): { readonly root: Node; readonly uuid: string; readonly label: string } {
  const blocks = withJournal(raw);
  const su = readSuper(blocks);
  const inodeOf = inodeTable(blocks, su);
  const entriesOf = remember(64, (number: number) => readDirectory(blocks, su, inodeOf(number)));
  const nodeOf = (number: number): Node => {
    const inode = inodeOf(number);
    const { type, mode, uid, gid, size } = inode;
    return {
      stat: { type, mode, uid, gid, size },
      child: (name) => {
        const found = entriesOf(number).get(name);
        if (found !== undefined) return nodeOf(found);
        if (inode.flags & FLAG.casefold) throw new Unreadable('its directory takes large letters for small ones');
        return undefined;
      },
      names: () => [...entriesOf(number).keys()],
      target: () => readTarget(blocks, su, inode),
      content: (offset, length) => readContent(blocks, su, inode, offset, length),
    };
  };
  const root = nodeOf(ROOT);
  if (root.stat.type !== 'directory') throw new Unreadable('ext4 without a root directory');
  return { root, uuid: su.uuid, label: su.label };
}

/** What the next mount would put in place is taken as being there: an image of a machine that ran is otherwise out of date. */
function withJournal(blocks: Blocks): Blocks {
  const su = readSuper(blocks);
  if (!su.needsRecovery) return blocks;
  if (su.journalInode === 0) throw new Unreadable('its journal is on another device');
  const inode = inodeTable(blocks, su)(su.journalInode);
  if (inode.size > LARGEST_JOURNAL) throw new Unreadable(`it is corrupt: a journal of ${inode.size} bytes`);
  return replayJournal(blocks, contentBlocks(blocks, su, inode), su.blockSize);
}

function readTarget(blocks: Blocks, su: Super, inode: Inode): string {
  if (inode.size > LONGEST_LINK) throw new Unreadable(`it is corrupt: a link of ${inode.size} bytes`);
  const isFast = inode.size <= LONGEST_FAST_LINK && (inode.flags & (FLAG.extents | FLAG.inline | FLAG.encrypted)) === 0;
  const content = isFast ? inode.body.subarray(0, inode.size) : readContent(blocks, su, inode, 0, inode.size);
  return content.toString('utf8');
}

/** Names with their inodes. The tree that large directories have beside them looks like empty entries when read in order. */
function readDirectory(blocks: Blocks, su: Super, inode: Inode): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  if (inode.size > LARGEST_DIRECTORY) throw new Unreadable(`it is a directory of ${inode.size} bytes`);
  const content = readContent(blocks, su, inode, 0, inode.size);
  if (inode.flags & FLAG.inline) {
    // Without `.`; `..` is a bare number. What is behind the inode's own 60 bytes is a run of entries for itself.
    addEntries(found, content.subarray(4, Math.min(60, content.length)));
    addEntries(found, content.subarray(60));
  } else {
    for (let at = 0; at < content.length; at += su.blockSize) {
      const block = content.subarray(at, at + su.blockSize);
      if (inode.seed !== undefined) checkBlock(inode.seed, inode, block, at);
      addEntries(found, block);
    }
  }
  return found;
}

/** The first block of an index begins as a directory does; further ones with one empty entry over all of it. */
function checkBlock(seed: number, { flags }: Inode, block: Buffer, at: number): void {
  const isIndexed = (flags & FLAG.index) !== 0;
  const isAllEmpty = block.readUInt32LE(0) === 0 && block.readUInt16LE(4) === (block.length & 0xffff || 0);
  if (isIndexed && at === 0) checkDirectoryIndex(seed, block, 32);
  else if (isIndexed && isAllEmpty) checkDirectoryIndex(seed, block, 8);
  else checkDirectory(seed, block);
}

function addEntries(found: Map<string, number>, block: Buffer): void {
  for (let at = 0; at + 8 <= block.length; ) {
    const number = block.readUInt32LE(at);
    const raw = block.readUInt16LE(at + 4);
    // In blocks of 64 KiB the whole block's length does not fit.
    const length = raw === 0xffff || raw === 0 ? 65536 : raw;
    const nameLength = block.readUInt8(at + 6);
    const name = block.toString('utf8', at + 8, at + 8 + nameLength);
    if (length < 8 + nameLength || at + length > block.length || /[/\0]/.test(name)) {
      throw new Unreadable('it is corrupt: a directory entry');
    }
    if (number !== 0 && name !== '.' && name !== '..' && name !== '') found.set(name, number);
    at += length;
  }
}
