/** A kernel with the kernel's own checkers on, built from Debian's source: KASAN, lockdep, PROVE_RCU, kmemleak, fault injection. Needs root. */

import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptConfiguration } from './apt.ts';
import { cached } from './cache.ts';
import { inCache, inRoot, type Kernel, makeRoot } from './kernels.ts';

const SUITE = 'trixie';
const SOURCE = 'linux-source-6.12';

/** What the kernel's build asks for, and what the machine that boots it has; see kernels.ts. */
const PACKAGES: readonly string[] = [
  ...['bc', 'bison', 'flex', 'libelf-dev', 'xz-utils', SOURCE],
  ...['busybox', 'gcc', 'kmod', 'make', 'perl', 'python3'],
];

const CONFIG = fileURLToPath(new URL('debug-kernel.config', import.meta.url));

/** Sixteen minutes of two busy cores. */
const BUILD_LIMIT_MS = 4 * 3_600_000;

/** Part of the key: raise it with every change of this file that changes what is built. */
const RECIPE = 1;

/** In the root: the source, the build, and what modules are built against. The tree itself is 2 GB that nobody needs any more. */
const BUILD = `
mkdir /usr/src/linux
tar -C /usr/src/linux --strip-components=1 -xf /usr/src/${SOURCE}.tar.xz
cd /usr/src/linux
make -s KCONFIG_ALLCONFIG=/usr/src/config allnoconfig
grep '^CONFIG_' /usr/src/config | grep -vxFf .config && { echo 'not taken by this kernel'; exit 1; }
nice make -s -j"$(nproc)" bzImage modules
make -s modules_install
make -s run-command KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build /usr/src/headers'
cp arch/x86/boot/bzImage /boot/vmlinuz
make -s kernelrelease >/boot/release
rm -rf /usr/src/linux /usr/src/${SOURCE}.tar.xz
`;

/** The kernel, from the cache or built now. */
export async function debugKernel(): Promise<Kernel> {
  const apt = await aptConfiguration(SUITE);
  const config = await readFile(CONFIG, 'utf8');
  const inputs = { recipe: RECIPE, apt, packages: PACKAGES, config, script: BUILD };
  const directory = await cached('kernel-debug', inputs, async (part) => {
    const root = join(part, 'root');
    await makeRoot(root, SUITE, PACKAGES, apt);
    await writeFile(join(root, 'usr/src/config'), config);
    await inRoot(root, ['sh', '-euc', BUILD], { limitMs: BUILD_LIMIT_MS });
    await keep(part, root);
  });
  return inCache('debug', directory);
}

/** What was built, where `inCache` looks for it. */
async function keep(directory: string, root: string): Promise<void> {
  const release = await readFile(join(root, 'boot/release'), 'utf8');
  await writeFile(join(directory, 'release'), release);
  await copyFile(join(root, 'boot/vmlinuz'), join(directory, 'vmlinuz'));
  const modules = join(root, 'lib/modules', release.trim());
  await mkdir(modules, { recursive: true });
  await rm(join(modules, 'build'), { force: true });
  await symlink('/usr/src/headers', join(modules, 'build'));
}
