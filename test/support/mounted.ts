/** A machine's root file system seen from here while the machine is off: nothing on it runs, so nothing changes it. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const LIMIT_MS = 30 * 60_000;

/** Mounts $1 in a mount namespace of its own on $2, runs the rest there. Gone with the last process, and so is the loop device. */
const ENTER = 'mount -o "$3" "$1" "$2"; cd "$2"; script=$4; shift 4; exec sh -euc "$script" mounted "$@"';

/** Standard output of a script, run where the raw file system `image` is mounted. */
export async function inImage(
  image: string,
  access: 'ro' | 'rw',
  script: string,
  args: readonly string[] = [],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'toa-bake-mounted-'));
  const options = access === 'ro' ? 'loop,ro,noload' : 'loop';
  const argv = ['--mount', '--', 'sh', '-euc', ENTER, 'enter', image, folder, options, script, ...args];
  try {
    const env = { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' };
    return (await execa('unshare', argv, { timeout: LIMIT_MS, maxBuffer: 1024 ** 3, env })).stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `inImage`, read-only, on what a machine that is off has written into its qcow2 `overlay`. */
export async function inOverlayOf(overlay: string, script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'toa-bake-look-'));
  try {
    const image = join(folder, 'root.img');
    await execa('qemu-img', ['convert', '-O', 'raw', overlay, image]);
    return await inImage(image, 'ro', script);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
