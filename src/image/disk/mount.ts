import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryNode } from '../directory.ts';
import { Unreadable } from '../look.ts';
import { sparseWriter } from '../spool.ts';
import type { Node } from '../tree.ts';
import { type Blocks, blocksOf, type Keep } from './blocks.ts';

/** File systems that Linux reads and toa-bake does not. */
export const MOUNTABLE: ReadonlySet<string> = new Set(['btrfs', 'squashfs', 'erofs', 'f2fs']);

const LARGEST = 256 * 2 ** 30;
const CHUNK = 1024 * 1024;

/**
 * The files of a file system by way of a read-only mount of a copy of it. The mount is taken out of the tree of directories at
 * once and lives by a handle only: it goes with the process, whatever ends it. Throws Unreadable.
 */
export async function mountCopy(blocks: Blocks, type: string, keep: Keep): Promise<Node> {
  if (process.getuid?.() !== 0) throw new Unreadable(`${type} needs root here, for a read-only loop mount`);
  if (blocks.size > LARGEST) throw new Unreadable(`${type} of ${blocks.size} bytes is too large to be copied`);
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-'));
  const [copy, where] = [join(folder, 'copy'), join(folder, 'files')];
  try {
    copyBlocks(blocks, copy);
    mkdirSync(where);
    await run('mount', '-t', type, '-o', 'ro,loop,nodev,nosuid,noexec', copy, where);
    try {
      const handle = openSync(where, constants.O_RDONLY | constants.O_DIRECTORY);
      keep({ ...blocksOf(handle), bytesRead: () => 0 });
      await run('umount', '-l', where);
      return directoryNode(`/proc/self/fd/${handle}/.`, () => {}, '');
    } catch (error) {
      await run('umount', '-l', where);
      throw error;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyBlocks(blocks: Blocks, path: string): void {
  const handle = openSync(path, 'wx', 0o600);
  try {
    const file = sparseWriter(handle);
    for (let at = 0; at < blocks.size; at += CHUNK) file.write(blocks.read(at, Math.min(CHUNK, blocks.size - at)));
    file.finish();
  } finally {
    closeSync(handle);
  }
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { execa } = await import('execa');
  const result = await execa(program, args, { reject: false, stdin: 'ignore', env: { LC_ALL: 'C' } });
  if (result.failed) throw new Unreadable(`${program}: ${result.stderr.trim().split('\n')[0] || result.shortMessage}`);
}
