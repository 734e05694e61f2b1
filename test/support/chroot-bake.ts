/** Images made without booting them: the script runs in a root directory under somebody else's kernel, as image builders do it. */

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { assemble, MAKE_BOOTABLE } from './boot-disk.ts';
import { inRepo, rendered } from './cli.ts';
import { inImage } from './mounted.ts';

/** What image builders give a root to work in: /proc, devices, an empty /run, and their own name servers. */
const ENTER = `
mount --bind /dev dev
mount -t proc proc proc
mount -t tmpfs tmpfs run
mkdir -p run/systemd/resolve
cp /etc/resolv.conf run/systemd/resolve/stub-resolv.conf
cp "$1" run/script
shift
env DEBIAN_FRONTEND=noninteractive "$@" chroot . sh /run/script all
`;

/** A baked image. */
export interface ChrootBaked {
  /** Raw, with a partition table and a boot loader. */
  readonly disk: string;
  /** What the installation said on standard output and error. */
  readonly said: string;
  /** The receipt that it left. */
  readonly receipt: { readonly result: string; readonly code: number; readonly running: string; readonly next: string };
}

/** Bakes a spec's one target into a copy of the raw file system `root`, in `folder`. */
export async function bakeInChroot(root: string, spec: string, target: string, folder: string): Promise<ChrootBaked> {
  const image = join(folder, 'bake.img');
  await execa('cp', ['--sparse=always', root, image]);
  await execa('chmod', ['u+w', image]);
  const [bootable, install] = [join(folder, 'bootable.sh'), join(folder, 'install-toa.sh')];
  await writeFile(bootable, MAKE_BOOTABLE);
  await writeFile(install, await rendered(spec, `${target}/script/install-toa.sh`));
  await inImage(image, 'rw', ENTER, [bootable]);
  const said = await inImage(image, 'rw', `{ ${ENTER} } 2>&1`, [install]);
  const receipt = await inImage(image, 'ro', 'cat var/lib/toa/receipt.json');
  await inImage(image, 'rw', ENTER, [inRepo('packer/scripts/seal.sh'), 'SEAL=true']);
  await assemble(image, 'bios', folder);
  await rm(image);
  return { disk: join(folder, 'disk.img'), said, receipt: JSON.parse(receipt) };
}
