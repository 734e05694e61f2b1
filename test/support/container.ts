/** A root of its own for a fake machine's run: whatever is written outside of the machine's folder is seen. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FakeMachine, Run } from './fakeroot.ts';

/** Only the system's programs, read-only, and the machine's folder. What else is there at the end somebody has written. */
const CONTAINER = `
home=$1; shift
real() { env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
root=$home/container
real mkdir -p "$root" && real mount -t tmpfs tmpfs "$root" && real mkdir -p "$root/usr" "$root/tmp" "$root/proc" "$root/dev" "$root/etc" "$root$home" || exit 90
# awk is a link into it.
[ ! -d /etc/alternatives ] || real cp -a /etc/alternatives "$root/etc"
for link in bin sbin lib lib64; do
	[ ! -e "/$link" ] || real ln -s "usr/$link" "$root/$link"
done
real mount --rbind /usr "$root/usr" && real mount -o remount,bind,ro "$root/usr" || exit 91
: >"$root/dev/null" && real mount --bind /dev/null "$root/dev/null" && real mount --bind "$home" "$root$home" || exit 92
cd "$root" && real find . -xdev >"$home/before"
/usr/sbin/chroot "$root" "$@"
code=$?
real find . -xdev | real grep -vxFf "$home/before" >"$home/written"
exit "$code"`;

/** Runs a script on the machine, in a container root; also says what it wrote outside of the machine. */
export async function installContained(
  machine: FakeMachine,
  script: string,
  verbs: readonly string[] = ['all'],
): Promise<Run & { readonly written: readonly string[] }> {
  const home = dirname(machine.root);
  const through = ['/usr/bin/unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', CONTAINER, 'sh', home];
  const run = await machine.install(script, verbs, {}, through);
  return { ...run, written: readFileSync(join(home, 'written'), 'utf8').split('\n').slice(0, -1) };
}
