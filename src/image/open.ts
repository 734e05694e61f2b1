import { statSync } from 'node:fs';
import { openDirectory } from './directory.ts';
import { type BlockFile, openBlocks } from './disk/blocks.ts';
import { openDisk } from './disk/open.ts';
import { openHost } from './host.ts';
import { ABSENT, known, unknown, whyUnreadable } from './look.ts';
import { openSsh } from './ssh.ts';
import { isTar } from './tar/entries.ts';
import { openTar } from './tar/open.ts';
import { readerOf } from './tree.ts';
import type { Look, Reader } from './types.ts';
import { compressionOf, unpack } from './unpack.ts';

/**
 * A way to look at what the user named: `local`, `ssh://…`, a root directory, an archive or a disk image. What a file is shows in its
 * content, never in its name. Absent: no such file. Unknown: nothing here can read it, and why. The caller closes the reader.
 */
export async function openReader(what: string): Promise<Look<Reader>> {
  try {
    if (what === 'local') return known(openHost());
    if (what.startsWith('ssh://')) return await openSsh(what);
    const stats = statSync(what, { throwIfNoEntry: false });
    if (!stats) return ABSENT;
    return known(stats.isDirectory() ? openDirectory(what) : await openFile(what));
  } catch (error) {
    return unknown(whyUnreadable(error));
  }
}

async function openFile(what: string): Promise<Reader> {
  const opened: BlockFile[] = [];
  const keep = (file: BlockFile): BlockFile => {
    opened.push(file);
    return file;
  };
  const close = (): void => {
    for (const file of opened.splice(0)) file.close();
  };
  try {
    const named = keep(openBlocks(what));
    const compression = compressionOf(named);
    const image = compression ? keep(await unpack(named, compression)) : named;
    const isArchive = isTar(image);
    return readerOf(
      isArchive ? await openTar(image, keep) : await openDisk(image, compression ? undefined : what, keep),
      {
        kind: isArchive ? 'tar' : 'disk',
        what,
        live: false,
        bytesRead: () => opened.reduce((sum, file) => sum + file.bytesRead(), 0),
        close: async () => close(),
      },
    );
  } catch (error) {
    close();
    throw error;
  }
}
