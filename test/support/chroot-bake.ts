/** Images made without booting them: the script runs in a root directory under somebody else's kernel, as image builders do it. */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assemble, MAKE_BOOTABLE } from './boot-disk.ts';
import { inRepo, rendered } from './cli.ts';
import { copyImage, inChroot, lookInto } from './mounted.ts';
import type { Receipt } from './reader.ts';

/** A baked image. */
export interface ChrootBaked {
  /** Raw, with a partition table and a boot loader. */
  readonly disk: string;
  /** What the installation said on standard output and error. */
  readonly said: string;
  /** The receipt that it left. */
  readonly receipt: Receipt;
}

/** Bakes a spec's one target into a copy of the raw file system `root`, in `folder`. */
export async function bakeInChroot(root: string, spec: string, target: string, folder: string): Promise<ChrootBaked> {
  const image = join(folder, 'bake.img');
  await copyImage(root, image);
  await inChroot(image, folder, MAKE_BOOTABLE);
  const said = await inChroot(image, folder, await rendered(spec, `${target}/script/install-toa.sh`), ['all']);
  const receipt = await lookInto(image, 'cat var/lib/toa/receipt.json');
  await inChroot(image, folder, await readFile(inRepo('packer/scripts/seal.sh')));
  await assemble(image, 'bios', folder);
  await rm(image);
  return { disk: join(folder, 'disk.img'), said, receipt: JSON.parse(receipt) };
}
