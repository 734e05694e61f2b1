/** A machine's root file system seen from here while the machine is off: nothing on it runs, so nothing changes it. Needs root. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const LIMIT_MS = 30 * 60_000;

/**
 * Mounts $1 in a mount namespace of its own on $2, and runs the rest there. Whatever stays in use is gone with the last process, but
 * some time after it: who mounts the same image then finds its loop device busy.
 */
const MOUNT = `
mount -o "$3" "$1" "$2"
code=0
(cd "$2"; script=$4; shift 4; exec sh -euc "$script" mounted "$@") || code=$?
umount -R "$2" || :
exit "$code"`;

/** What image builders give a root to work in: /proc, devices, an empty /run, and their own name servers. $2 is its /mnt. */
const CHROOT = `
mount --bind /dev dev
mount -t proc proc proc
mount -t tmpfs tmpfs run
mkdir -p run/systemd/resolve
cp /etc/resolv.conf run/systemd/resolve/stub-resolv.conf
cp "$1" run/script
mount --bind "$2" mnt
shift 2
exec chroot . sh /run/script "$@" 2>&1`;

/** Runs a script where the raw file system `image` is mounted; returns its standard output. */
async function inMounted(
  image: string,
  access: 'loop' | 'loop,ro,noload',
  script: string,
  args: readonly string[] = [],
): Promise<string> {
  return await inNewFolder(async (folder) => {
    const argv = ['--mount', '--', 'sh', '-euc', MOUNT, 'mount', image, folder, access, script, ...args];
    const path = '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin';
    const env = { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', SEAL: 'true', PATH: path };
    return (await execa('unshare', argv, { timeout: LIMIT_MS, maxBuffer: 1024 ** 3, env })).stdout;
  });
}

async function inNewFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'toa-bake-mounted-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Standard output of a script that looks at the root of the raw file system `image`, its working directory. */
export async function lookInto(image: string, script: string): Promise<string> {
  return await inMounted(image, 'loop,ro,noload', script);
}

/** `lookInto` what a machine that is off has written into its qcow2 `overlay`. */
export async function lookIntoOverlay(overlay: string, script: string): Promise<string> {
  return await inNewFolder(async (folder) => {
    const image = join(folder, 'root.img');
    await execa('qemu-img', ['convert', '-O', 'raw', overlay, image]);
    return await lookInto(image, script);
  });
}

/** A copy of a read-only image that may be written. */
export async function copyImage(image: string, path: string): Promise<void> {
  await execa('cp', ['--sparse=always', '--no-preserve=mode', image, path]);
}

/** Standard output and error of a script that runs with the file system `image` as its root, and the folder `mnt` on /mnt. */
export async function inChroot(
  image: string,
  mnt: string,
  script: string | Uint8Array,
  args: readonly string[] = [],
): Promise<string> {
  return await inNewFolder(async (folder) => {
    const file = join(folder, 'script');
    await writeFile(file, script);
    return await inMounted(image, 'loop', CHROOT, [file, mnt, ...args]);
  });
}
