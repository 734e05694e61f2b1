import { Unreadable, whyUnreadable } from '../look.ts';
import type { Node } from '../tree.ts';
import type { Blocks, Keep } from './blocks.ts';
import { convertDisk, foreignFormat } from './convert.ts';
import { unreadable } from './filesystems.ts';
import { MOUNTABLE, mountCopy } from './mount.ts';
import { isQcow2, openQcow2 } from './qcow2.ts';
import { composeSystem } from './system.ts';
import { findVolumes, type Volume } from './volumes.ts';

/**
 * The files of the machine on a disk image. `path` is where it lies: undefined where it was unpacked and has no name. Throws
 * Unreadable where nothing can read it.
 */
export async function openDisk(image: Blocks, path: string | undefined, keep: Keep): Promise<Node> {
  const found = findVolumes(await openFormat(image, path, keep));
  const volumes = await Promise.all(found.map((volume) => mounted(volume, keep)));
  if (volumes.length === 0) {
    throw new Unreadable('it is no archive and no disk image that is known here: no partition table, no file system');
  }
  return composeSystem(volumes);
}

/** What is not read here may be read by the kernel; where that is not possible the reason is the volume's. */
async function mounted(volume: Volume, keep: Keep): Promise<Volume> {
  const { files, blocks } = volume;
  if (!MOUNTABLE.has(files.type)) return volume;
  try {
    return { ...volume, files: { ...files, why: null, root: await mountCopy(blocks, files.type, keep) } };
  } catch (error) {
    return { ...volume, files: unreadable(files.type, whyUnreadable(error), files) };
  }
}

/** The disk inside of an image, whatever the format. */
export async function openFormat(image: Blocks, path: string | undefined, keep: Keep): Promise<Blocks> {
  if (isQcow2(image)) return openQcow2(image, path, keep);
  const format = foreignFormat(image);
  if (format === undefined) return image;
  if (path === undefined) throw new Unreadable(`it is ${format} that is packed; unpack it first`);
  return keep(await convertDisk(path, format));
}
