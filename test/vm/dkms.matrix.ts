/** Debian's own dkms takes the module through its life: added, built, installed, built again for a new kernel, removed. */

import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cached } from '../support/cache.ts';
import { debianKernel, type Kernel, SERIES } from '../support/kernels.ts';
import { inOverlay } from '../support/overlay.ts';

const MODULE = fileURLToPath(new URL('../../guest/module/', import.meta.url));

/** dkms and what it needs beside a build root, as packages. */
async function dkmsPackages(kernel: Kernel): Promise<string> {
  return await cached('dkms', { recipe: 1, root: kernel.root }, async (part) => {
    const download = ['apt-get update -q', 'apt-get install -q -y --no-install-recommends --download-only dkms'];
    await inOverlay([kernel], part, `{ ${download.join('; ')}; } >&2; cp /var/cache/apt/archives/*.deb /mnt`);
  });
}

it('is taken through its life', async () => {
  const [kernel, newer] = await Promise.all(
    SERIES.filter(({ suite }) => suite === 'trixie').map((series) => debianKernel(series)),
  );
  if (kernel === undefined || newer === undefined) throw new Error('trixie and its backports have one kernel each');
  const packages = await dkmsPackages(kernel);
  expect(await readdir(packages)).toContainEqual(expect.stringMatching(/^dkms_/));
  const script = `
    dpkg -i /mnt/*.deb >&2
    version=$(sed -n 's/^#define TOA_VERSION "\\(.*\\)"/\\1/p' /mnt/module/toa.c)
    cp -r /mnt/module /usr/src/toa-$version
    say() { echo "$1: $(dkms status | sed "s/$version/VERSION/" | sort | tr '\\n' ';')"; }
    for_kernel() { modinfo -k "$1" -F vermagic toa | cut -d ' ' -f 1; }
    dkms add toa/$version >&2
    say added
    dkms build toa/$version -k ${kernel.release} >&2
    say built
    dkms install toa/$version -k ${kernel.release} >&2
    say installed
    for_kernel ${kernel.release}
    ! modinfo -k ${newer.release} toa >&2 || exit 9
    dkms autoinstall -k ${newer.release} >&2
    say 'a newer kernel'
    for_kernel ${newer.release}
    dkms remove toa/$version --all >&2
    say removed
    find /lib/modules -name 'toa.ko*'`;
  const mnt = await mkdtemp(join(tmpdir(), 'toa-bake-dkms-'));
  try {
    await cp(packages, mnt, { recursive: true });
    await cp(MODULE, join(mnt, 'module'), { recursive: true });
    const state = ({ release }: Kernel, word: string) => `toa/VERSION, ${release}, x86_64: ${word};`;
    expect((await inOverlay([kernel, newer], mnt, script)).split('\n')).toEqual([
      'added: toa/VERSION: added;',
      `built: ${state(kernel, 'built')}`,
      `installed: ${state(kernel, 'installed')}`,
      kernel.release,
      `a newer kernel: ${state(kernel, 'installed')}${state(newer, 'installed')}`,
      newer.release,
      'removed: ',
    ]);
  } finally {
    await rm(mnt, { recursive: true });
  }
});
