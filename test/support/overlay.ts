/** Build roots that a test may change: the cached ones below, everything written in memory and gone with the last process. */

import { execa } from 'execa';
import type { Kernel } from './kernels.ts';

const LIMIT_MS = 10 * 60_000;

/** Runs as root of the machine's own mount namespace: $1 the lower directories, $2 what is bound to /mnt, $3 the script. */
const ENTER = `
  stage=$(mktemp -d)
  trap 'rmdir "$stage"' EXIT
  mount -t tmpfs tmpfs "$stage"
  mkdir "$stage/upper" "$stage/work" "$stage/root"
  mount -t overlay -o "lowerdir=$1,upperdir=$stage/upper,workdir=$stage/work" overlay "$stage/root"
  mount -t proc proc "$stage/root/proc"
  mount --bind "$2" "$stage/root/mnt"
  code=0
  chroot "$stage/root" sh -exc "$3" || code=$?
  umount --recursive --lazy "$stage"
  exit "$code"`;

/**
 * Standard output of a script in the build root of the first kernel, which shows the other kernels' headers and modules too where
 * they are of the same suite. `mnt` is on /mnt. Throws with all that was printed where the script fails.
 */
export async function inOverlay(kernels: readonly Kernel[], mnt: string, script: string): Promise<string> {
  const lower = kernels.map(({ root }) => root).join(':');
  const args = ['--mount', '--', 'sh', '-ec', ENTER, 'enter', lower, mnt, script];
  // PATH: a chroot from a program without one would not find /usr/sbin.
  const env = { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', PATH: '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' };
  const { stdout } = await execa('unshare', args, { timeout: LIMIT_MS, env });
  return stdout;
}
