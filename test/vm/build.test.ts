/** How the module is built: in any directory, for any kernel, with the same bytes; and what it says of itself. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { debianKernel, type Kernel, SERIES } from '../support/kernels.ts';
import { inOverlay } from '../support/overlay.ts';

const MODULE = fileURLToPath(new URL('../../guest/module/', import.meta.url));

let kernel: Kernel;

beforeAll(async () => {
  const series = SERIES.find(({ suite, backports }) => suite === 'trixie' && !backports);
  if (series === undefined) throw new Error('no trixie');
  kernel = await debianKernel(series);
});

it('has the same bytes wherever, whenever and by whom it is built', async () => {
  const make = `make -s KVER=${kernel.release} >&2`;
  const script = `
    cp -r /mnt /root/one; cd /root/one; ${make}
    sha256sum toa.ko
    sleep 2; umask 077
    export TZ=Asia/Tokyo LC_ALL=C.UTF-8 USER=somebody HOME=/nowhere
    cp -r /mnt /usr/src/a-longer-name; cd /usr/src/a-longer-name; touch -d 2001-02-03 *; ${make}
    sha256sum toa.ko
    # The control: another version is seen.
    sed -i 's/^#define TOA_VERSION .*/#define TOA_VERSION "9.9.9"/' toa.c; ${make}
    sha256sum toa.ko`;
  const [first, second, other] = (await inOverlay([kernel], MODULE, script)).split('\n');
  expect(first).toMatch(/^[0-9a-f]{64} /);
  expect(second).toBe(first);
  expect(other).toMatch(/^[0-9a-f]{64} /);
  expect(other).not.toBe(first);
});

it('is built for any tree that is named, and cleaned without a trace', async () => {
  const script = `
    cp -r /mnt /root/toa
    ls -A /root/toa >/root/before
    ln -s "$(readlink -f /lib/modules/${kernel.release}/build)" /root/tree
    rm /lib/modules/${kernel.release}/build
    cd /root/toa
    ! make KVER=${kernel.release} >/root/refused 2>&1 || exit 9
    make -s KVER=${kernel.release} KDIR=/root/tree >&2
    modinfo toa.ko
    make -s KVER=${kernel.release} KDIR=/root/tree clean >&2
    ls -A | diff /root/before - >&2`;
  const info = await inOverlay([kernel], MODULE, script);
  const values = (key: string) =>
    info
      .split('\n')
      .filter((line) => line.startsWith(`${key}:`))
      .map((line) => line.slice(key.length + 1).trim());
  const source = await readFile(new URL('../../guest/module/toa.c', import.meta.url), 'utf8');
  expect(values('name')).toEqual(['toa']);
  expect(values('version')).toEqual([/^#define TOA_VERSION "(.+)"$/m.exec(source)?.[1]]);
  expect(values('license')).toEqual(['GPL']);
  for (const key of ['description', 'author', 'srcversion']) expect(values(key)).toEqual([expect.stringMatching(/./)]);
  expect(values('depends')).toEqual(['']);
  expect(values('vermagic').map((line) => line.split(' ')[0])).toEqual([kernel.release]);
  const parameters = values('parm').map((line) => /^(\w+):./.exec(line)?.[1]);
  expect(parameters.sort()).toEqual(['kinds', 'trusted']);
});
