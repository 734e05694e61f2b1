/** File systems with faults below a fake machine, in a mount namespace of the run: real ENOSPC, real EROFS, and gone with the run. */

import { readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FakeMachine, Run } from './fakeroot.ts';

const PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';

/** The root becomes a tmpfs with just so much room; what is there at the end is copied out, and with it how much was used. */
const FULL = `
root=$1 blocks=$2 inodes=$3 at=\${1%/*}; shift 3
real() { env ${PATH} "$@"; }
used() { real stat -f -c '%b %f %c %d' "$at/stage" | { read -r b f c d; echo "$((b - f)) $((c - d))"; }; }
real mkdir "$at/stage" && real mount -t tmpfs -o size=64m tmpfs "$at/stage" && real cp -a "$root/." "$at/stage" || exit 90
before=$(used)
[ "$blocks" = - ] || real mount -o "remount,size=$(((\${before% *} + blocks) * 4))k" "$at/stage" || exit 91
[ "$inodes" = - ] || real mount -o "remount,nr_inodes=$((\${before#* } + inodes))" "$at/stage" || exit 92
# Of the kernel, and no part of the disk.
for folder in proc sys run; do real mount -t tmpfs -o mode=755 tmpfs "$at/stage/$folder" && real cp -a "$root/$folder/." "$at/stage/$folder"; done
real mount --rbind "$at/stage" "$root" || exit 93
"$@"
code=$?
after=$(used)
real cp -a "$root/." "$at/seen"
echo "$((\${after% *} - \${before% *})) $((\${after#* } - \${before#* }))" >"$at/used"
exit "$code"`;

const READ_ONLY = `
path=$1; shift
env ${PATH} mount --bind "$path" "$path" && env ${PATH} mount -o remount,bind,ro "$path" || exit 90
exec "$@"`;

const inNamespace = (script: string, ...args: readonly string[]): readonly string[] => [
  ...['/usr/bin/unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', script, 'sh'],
  ...args,
];

/** How much more than what is there a machine's disk takes; left out: without limit. */
export interface Room {
  /** Of 4096 bytes. */
  readonly blocks?: number;
  readonly inodes?: number;
}

/** Installs on a machine whose disk has only so much room, and says how much was taken. The machine is then what the run has left. */
export async function installInRoom(
  machine: FakeMachine,
  script: string,
  { blocks, inodes }: Room,
): Promise<Run & { readonly used: Required<Room> }> {
  const home = dirname(machine.root);
  const limits = [blocks, inodes].map((limit) => (limit === undefined ? '-' : String(limit)));
  const run = await machine.install(script, ['all'], {}, inNamespace(FULL, machine.root, ...limits));
  rmSync(machine.root, { recursive: true });
  rmSync(join(home, 'stage'), { recursive: true });
  renameSync(join(home, 'seen'), machine.root);
  const [usedBlocks = 0, usedInodes = 0] = readFileSync(join(home, 'used'), 'utf8').split(' ').map(Number);
  return { ...run, used: { blocks: usedBlocks, inodes: usedInodes } };
}

/** Installs on a machine that has a folder mounted read-only. */
export async function installBesideReadOnly(machine: FakeMachine, script: string, path: string): Promise<Run> {
  return await machine.install(script, ['all'], {}, inNamespace(READ_ONLY, join(machine.root, path)));
}
