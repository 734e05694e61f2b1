// A look into an image, beside the tools that people have for it. All read the same files of the same image.

import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toaBake } from './command.mjs';

/** Each of these boots a machine, and is slower than ours by far more than anything disturbs. */
const MACHINE_ROUNDS = 1;

/** Without hardware help, as everything here: with KVM it takes about a quarter of the time. */
const LIBGUESTFS = { ...process.env, LIBGUESTFS_BACKEND: 'direct', LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg' };

/** The image, and the commands to be raced; `about` goes into the results. */
export async function imageCommands(support, folder) {
  const images = await support.benchImages();
  const spec = join(folder, 'image.yaml');
  writeFileSync(spec, images.spec);
  const { size, blocks } = statSync(images.raw);
  const paths = readPaths(images.release);
  return {
    ...images,
    spec,
    about: {
      release: images.release,
      gigabytes: size / 2 ** 30,
      used: Number(((blocks * 512) / 2 ** 30).toFixed(1)),
      bytesRead: { raw: await support.bytesRead(images.raw), qcow2: await support.bytesRead(images.qcow2) },
    },
    commands: {
      'validate, raw': toaBake('validate', images.raw, '--spec', spec),
      'validate, qcow2': toaBake('validate', images.qcow2, '--spec', spec),
      'loop mount and cat, raw': loopMount(images, paths, join(folder, 'mount')),
      'guestfish, raw': guestfish(images.raw, paths),
      'guestfish, qcow2': guestfish(images.qcow2, paths),
      'virt-cat, raw': virtCat(images.raw, paths),
    },
  };
}

/** What decides whether clients show: the files that matter most of those that `validate` reads. */
function readPaths(release) {
  return [
    '/etc/os-release',
    '/etc/fstab',
    '/boot/grub/grub.cfg',
    `/lib/modules/${release}/updates/toa/toa.ko`,
    `/lib/modules/${release}/modules.dep`,
    '/etc/modprobe.d/toa.conf',
    '/etc/systemd/system/toa.service',
    '/etc/toa/toa.env',
    '/etc/toa/trusted',
    '/var/lib/toa/receipt.json',
    '/var/lib/dpkg/status',
  ];
}

function guestfish(image, paths) {
  const reads = paths.map((path) => `download ${path} /dev/null`);
  return {
    argv: ['guestfish', '--ro', '-i', '-a', image],
    input: ['ls /boot', 'ls /lib/modules', ...reads, ''].join('\n'),
    env: LIBGUESTFS,
    rounds: MACHINE_ROUNDS,
  };
}

function virtCat(image, paths) {
  return { argv: ['virt-cat', '-a', image, ...paths], env: LIBGUESTFS, rounds: MACHINE_ROUNDS };
}

const MOUNT = `set -e
image=$1 offset=$2 root=$3
shift 3
mount -o ro,loop,noload,offset="$offset" "$image" "$root"
trap 'umount "$root"' EXIT
ls "$root/boot" "$root/lib/modules" >/dev/null
for path; do cat "$root$path" >/dev/null; done`;

/** Where mounting is not allowed the tool says so, and has no figures. */
function loopMount({ raw, rootAt }, paths, root) {
  mkdirSync(root);
  return { argv: ['sh', '-c', MOUNT, 'mount', raw, String(rootAt), root, ...paths] };
}
