/** Whole arm64 disks that UEFI firmware starts: Debian, made on this machine by emulated programs. Needs root. */

import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { aptConfiguration } from './apt.ts';
import { cached } from './cache.ts';
import { rendered } from './cli.ts';
import { makeRoot } from './kernels.ts';

/** What the machines are set up by: no network for documentation, which would be warned of. */
export const ARM64_SPEC = `version: 1
trust: [198.18.7.0/24]
targets: [{os: debian-12, arch: arm64}]
`;

/** Part of every key: raise it with every change of this file that changes what is built. */
const RECIPE = 1;

const SUITE = 'bookworm';
const PACKAGES: readonly string[] = [
  ...['linux-image-cloud-arm64', 'initramfs-tools', 'systemd-sysv', 'udev', 'dbus', 'kmod', 'iproute2', 'python3'],
  // The boot loader's modules; and what builds the reader now and after kernel updates.
  ...['grub-efi-arm64-bin', 'gcc', 'make', 'linux-headers-cloud-arm64'],
];

/** It builds the reader with an emulated compiler. */
const INSTALL_LIMIT_MS = 20 * 60_000;

const ROOT_UUID = 'b0b5a1f4-8f0c-4a0e-9c39-5d2c1e7a6433';
const MIB = 1024 * 1024;
const ESP = { startMiB: 1, sizeMiB: 32, type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' } as const;
const ROOT = { startMiB: 33, sizeMiB: 2048, type: 'L' } as const;

const GRUB_MODULES: readonly string[] = ['part_gpt', 'ext2', 'normal', 'linux', 'search', 'search_fs_uuid'];
const COMMAND_LINE = `root=UUID=${ROOT_UUID} ro console=ttyAMA0 mitigations=off nokaslr norandmaps panic=1 systemd.getty_auto=no`;

/**
 * Before any arm64 program is run: the kernel hands them to QEMU. On a machine with systemd the package has seen to it; the mount
 * is gone with the namespace.
 */
const EMULATE = `set -e
cd /proc/sys/fs/binfmt_misc
[ -e register ] || { mount -t binfmt_misc binfmt_misc . && cd /proc/sys/fs/binfmt_misc; }
[ -e qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >register
cd /`;

/** Runs in the root. virtio only: an initrd with every driver takes long to unpack. */
const MAKE_BOOTABLE = `set -e
printf 'MODULES=list\\n' >/etc/initramfs-tools/conf.d/small
printf '%s\\n' virtio_pci virtio_blk ext4 >>/etc/initramfs-tools/modules
release=$(ls /lib/modules)
update-initramfs -c -k "$release"
printf 'UUID=${ROOT_UUID} / ext4 errors=remount-ro 0 1\\n' >/etc/fstab
systemctl disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
echo debian >/etc/hostname
: >/etc/machine-id
mkdir -p /boot/grub
cat >/boot/grub/grub.cfg <<END
set default=0
set timeout=0
menuentry 'Debian GNU/Linux' {
	search --no-floppy --fs-uuid --set=root ${ROOT_UUID}
	linux /boot/vmlinuz-$release ${COMMAND_LINE}
	initrd /boot/initrd.img-$release
}
END`;

/** The disk, raw and sparse, from the cache or built now; on a plain one nothing of ours is, the other ran the rendered script. */
export async function arm64Disk(what: 'plain' | 'ours'): Promise<string> {
  const root = await debianRoot();
  const script =
    what === 'ours' ? (await rendered(ARM64_SPEC, 'debian-12-arm64/script/install-toa.sh')).toString() : '';
  const inputs = { recipe: RECIPE, root, script, ESP, ROOT, modules: GRUB_MODULES };
  const directory = await cached(`arm64-disk-${what}`, inputs, async (part) => {
    const own = script === '' ? root : await installed(root, script, part);
    await assemble(own, join(part, 'disk.img'));
    if (own !== root) await rm(own, { recursive: true });
  });
  return join(directory, 'disk.img');
}

async function debianRoot(): Promise<string> {
  const apt = await aptConfiguration(SUITE);
  const inputs = { recipe: RECIPE, apt, suite: SUITE, packages: PACKAGES, script: MAKE_BOOTABLE };
  const directory = await cached('arm64-root', inputs, async (part) => {
    const more = [
      ...['--variant=minbase', '--architectures=arm64', '--skip=check/qemu', `--setup-hook=${EMULATE}`],
      `--customize-hook=chroot "$1" sh -c '${MAKE_BOOTABLE.replaceAll("'", "'\\''")}'`,
    ];
    await makeRoot(join(part, 'root'), SUITE, PACKAGES, apt, more);
  });
  return join(directory, 'root');
}

/** A copy in `directory` on which the script has run, as a bake in a chroot does it: the kernel that boots next is not the one that runs. */
async function installed(root: string, script: string, directory: string): Promise<string> {
  const copy = join(directory, 'root');
  await execa('cp', ['-a', root, copy]);
  const file = join(copy, 'install-toa.sh');
  await writeFile(file, script);
  const inside = `${EMULATE}\nmount -t proc proc "$0/proc"\nexec chroot "$0" sh /install-toa.sh all`;
  await execa('unshare', ['--mount', '--', 'sh', '-c', inside, copy], {
    timeout: INSTALL_LIMIT_MS,
    env: { LC_ALL: 'C' },
  });
  await rm(file);
  return copy;
}

async function assemble(root: string, disk: string): Promise<void> {
  await execa('truncate', ['-s', `${ROOT.startMiB + ROOT.sizeMiB + 1}M`, disk]);
  const table = [ESP, ROOT].map(
    ({ startMiB, sizeMiB, type }) => `start=${startMiB}MiB, size=${sizeMiB}MiB, type=${type}`,
  );
  await execa('sfdisk', ['-q', disk], { input: ['label: gpt', ...table].join('\n') });
  await makeEsp(root, disk);
  const extended = `offset=${ROOT.startMiB * MIB},lazy_itable_init=1,lazy_journal_init=1,nodiscard`;
  const size = `${ROOT.sizeMiB}M`;
  await execa('mke2fs', ['-q', '-F', '-t', 'ext4', '-U', ROOT_UUID, '-E', extended, '-d', root, disk, size]);
  await chmod(disk, 0o444);
}

async function makeEsp(root: string, disk: string): Promise<void> {
  const program = `${disk}.efi`;
  const modules = join(root, 'usr/lib/grub/arm64-efi');
  const flags = ['-O', 'arm64-efi', '-d', modules, '-p', '(,gpt2)/boot/grub', '-o', program];
  await execa('grub-mkimage', [...flags, ...GRUB_MODULES]);
  const sectors = String((ESP.startMiB * MIB) / 512);
  await execa('mkfs.vfat', ['-F', '16', '-n', 'ESP', '--offset', sectors, disk, String(ESP.sizeMiB * 1024)]);
  const at = `${disk}@@${ESP.startMiB}M`;
  await execa('mmd', ['-i', at, '::/EFI', '::/EFI/BOOT']);
  await execa('mcopy', ['-i', at, program, '::/EFI/BOOT/BOOTAA64.EFI']);
  await rm(program);
}
