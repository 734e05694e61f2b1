/** What the benchmark of the validator needs: the images, and how much of them a look reads. */

import { join } from 'node:path';
import { execa } from 'execa';
import { collect } from '../../../src/facts/collect.ts';
import { openReader } from '../../../src/image/open.ts';
import { bootDisk, SPEC } from '../boot-disk.ts';
import { cached } from '../cache.ts';

/** An image of a whole Debian machine that user-data of ours has set up, as raw file and as qcow2. */
export interface BenchImages {
  /** The spec that it was made by. */
  readonly spec: string;
  readonly raw: string;
  readonly qcow2: string;
  /** Its kernel. */
  readonly release: string;
  /** Byte at which its root file system begins. */
  readonly rootAt: number;
}

export async function benchImages(): Promise<BenchImages> {
  const { path, rootAt, disk } = await bootDisk('bios', 'ours');
  const directory = await cached('bench-image', { path }, async (part) => {
    await execa('qemu-img', ['convert', '-O', 'qcow2', path, join(part, 'disk.qcow2')]);
  });
  return { spec: SPEC, raw: path, qcow2: join(directory, 'disk.qcow2'), release: disk.release, rootAt };
}

/** Bytes of the image that collecting all facts reads. */
export async function bytesRead(image: string): Promise<number> {
  const reader = await openReader(image);
  if (reader.state !== 'known') throw new Error(`${image} cannot be read`);
  await collect(reader.value);
  const bytes = reader.value.bytesRead();
  await reader.value.close();
  return bytes;
}
