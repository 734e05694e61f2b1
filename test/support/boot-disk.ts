/** Whole disks, as clouds take them: a partition table, a boot loader, an initrd, and a Debian that boots by itself. */

import { readFileSync } from 'node:fs';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { cached } from './cache.ts';
import { userDataOf } from './cli.ts';
import { type Disk, debianDisk } from './disk.ts';
import { bootMachine, type Machine } from './machine.ts';

/** What starts the machine. */
export type Firmware = 'bios' | 'uefi';

/** What the machines are set up by: no network for documentation, which would be warned of. */
export const SPEC = `version: 1
trust: [198.18.7.0/24]
clouds: [alibaba-ecs]
targets: [debian-12]
`;

/** Part of every key: raise it with every change of this file that changes what is built. */
const RECIPE = 2;

const ROOT_UUID = '5f1d7e9c-2a44-4c57-9d0e-7a1f3c5b8d21';
const MIB = 1024 * 1024;
const ESP_MIB = 32;

/** As a machine under emulation wants it: see KERNEL_ARGUMENTS of qemu.ts. */
const COMMAND_LINE = `root=UUID=${ROOT_UUID} ro console=ttyS0 mitigations=off nokaslr no_timer_check tsc=reliable norandmaps panic=1 systemd.getty_auto=no`;

/** Partition type, size and where the root begins, for each firmware. */
const LAYOUTS = {
  bios: { type: '21686148-6449-6E6F-744E-656564454649', firstMiB: 1 },
  uefi: { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', firstMiB: ESP_MIB },
} as const;

const GRUB_MODULES: readonly string[] = [
  'part_gpt',
  'ext2',
  'normal',
  'linux',
  'search',
  'search_fs_uuid',
  'echo',
  'test',
];
const GRUB_PREFIX = '(,gpt2)/boot/grub';

/** What the images are made of, besides a kernel and its headers. */
const PACKAGES: readonly string[] = ['gcc', 'make', 'initramfs-tools', 'nftables'];

/** Which Debian; left out: bookworm with its newest kernel. */
export interface BootSystem {
  readonly suite?: string;
  /** What follows `linux-image-` and `linux-headers-`. */
  readonly kernel?: string;
}

/** Makes a Debian machine one that boots by itself. virtio only: an initrd with every driver takes long to unpack. */
export const MAKE_BOOTABLE = `set -e
printf 'MODULES=list\\n' >/etc/initramfs-tools/conf.d/small
printf '%s\\n' virtio_pci virtio_blk ext4 >>/etc/initramfs-tools/modules
update-initramfs -u -k all
printf 'UUID=${ROOT_UUID} / ext4 errors=remount-ro 0 1\\n' >/etc/fstab
printf '[Match]\\nName=en* eth*\\n[Network]\\nDHCP=yes\\n' >/etc/systemd/network/20-wired.network
rm -f /boot/*.old
mkdir -p /boot/grub
cat >/etc/kernel/postinst.d/zz-grub <<'SCRIPT'
#!/bin/sh
# The newest kernel boots, as update-grub would have it.
release=$(ls /lib/modules | sort -V | tail -n 1)
cat >/boot/grub/grub.cfg <<END
set default=0
set timeout=0
menuentry 'Debian GNU/Linux' {
	search --no-floppy --fs-uuid --set=root ${ROOT_UUID}
	linux /boot/vmlinuz-$release ${COMMAND_LINE}
	initrd /boot/initrd.img-$release
}
END
SCRIPT
chmod 755 /etc/kernel/postinst.d/zz-grub
/etc/kernel/postinst.d/zz-grub
sync`;

/** What a bake takes away before it makes an image. The test's agent stays: without its port it gives up at once. */
const SEAL = `set -e
cloud-init clean --logs --seed
rm -f /etc/ssh/ssh_host_* /root/.bash_history /var/lib/systemd/random-seed
rm -rf /root/.ssh /tmp/* /var/tmp/* /var/log/journal/*
: >/etc/machine-id
fstrim / || true
sync`;

/** A machine that was booted from the plain disk, and whose overlay is taken when it is off. */
export async function debianRoot(system: BootSystem = {}): Promise<{ readonly disk: Disk; readonly overlay: string }> {
  const { suite = 'bookworm', kernel = 'cloud-amd64' } = system;
  const disk = await debianDisk({ suite, kernel, packages: [...PACKAGES, `linux-headers-${kernel}`] });
  const inputs = { recipe: RECIPE, disk: disk.path, script: MAKE_BOOTABLE };
  const directory = await cached('boot-root', inputs, async (part) => {
    const machine = await bootMachine({ name: 'boot-root', disk, dataSource: 'none', network: false });
    await keepAfter(machine, MAKE_BOOTABLE, join(part, 'root.qcow2'));
  });
  return { disk, overlay: join(directory, 'root.qcow2') };
}

/** A sealed machine: as a whole disk, raw and sparse, and as the root file system that bootMachine can start from, qcow2. */
export interface BootDisk {
  readonly disk: Disk;
  readonly path: string;
  readonly root: string;
  /** Byte of the disk at which its root file system begins. */
  readonly rootAt: number;
}

/** The disk with the boot loader of one firmware; on a plain one nothing of ours is, the other is what user-data makes of it. */
export async function bootDisk(firmware: Firmware, what: 'plain' | 'ours', system: BootSystem = {}): Promise<BootDisk> {
  const { disk, root } = await sealedRoot(system, what === 'ours' ? await userDataOf(SPEC, 'debian-12') : undefined);
  const inputs = { recipe: RECIPE, root, layout: LAYOUTS[firmware], modules: GRUB_MODULES };
  const directory = await cached(`boot-disk-${firmware}`, inputs, (part) => assemble(root, firmware, part));
  return { disk, root, path: join(directory, 'disk.img'), rootAt: (1 + LAYOUTS[firmware].firstMiB) * MIB };
}

/** What a machine that cloud-init was done with leaves, sealed. */
async function sealedRoot(system: BootSystem, userData: string | undefined): Promise<Pick<BootDisk, 'disk' | 'root'>> {
  const { disk, overlay } = await debianRoot(system);
  const inputs = { recipe: RECIPE, overlay, seal: SEAL, userData };
  const directory = await cached('boot-sealed', inputs, async (part) => {
    const machine = await bootMachine({
      name: userData === undefined ? 'boot-sealed-plain' : 'boot-sealed',
      disk,
      network: false,
      startFrom: overlay,
      ...(userData === undefined ? { dataSource: 'none' } : { dataSource: 'nocloud', userData }),
    });
    const ended = await machine.waitForCloudInit();
    if (userData !== undefined && ended.status !== 'done') throw new Error(`cloud-init: ${ended.report}`);
    await keepAfter(machine, SEAL, join(part, 'root.qcow2'));
  });
  return { disk, root: join(directory, 'root.qcow2') };
}

async function keepAfter(machine: Machine, script: string, path: string): Promise<void> {
  try {
    const { code, stderr } = await machine.run(script, { timeoutMs: 600_000 });
    if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
    await machine.powerOff();
    await execa('qemu-img', ['convert', '-O', 'qcow2', machine.overlay, path]);
  } finally {
    await machine.discard();
  }
}

/** Puts table, boot loader and root file system into `directory`/disk.img. */
export async function assemble(rootImage: string, firmware: Firmware, directory: string): Promise<void> {
  const [disk, root] = [join(directory, 'disk.img'), join(directory, 'root.img')];
  await execa('qemu-img', ['convert', '-O', 'raw', rootImage, root]);
  // tune2fs wants it freshly checked. Exit code 1: something was mended.
  const { exitCode, stdout } = await execa('e2fsck', ['-f', '-p', root], { reject: false });
  if ((exitCode ?? 8) > 1) throw new Error(`e2fsck: ${stdout}`);
  await execa('tune2fs', ['-U', ROOT_UUID, root]);
  const { type, firstMiB } = LAYOUTS[firmware];
  const startMiB = 1 + firstMiB;
  await execa('truncate', ['-s', `${4 * 1024 + startMiB + 1}M`, disk]);
  const table = [
    'label: gpt',
    `start=1MiB, size=${firstMiB}MiB, type=${type}`,
    `start=${startMiB}MiB, size=4GiB, type=L`,
  ];
  await execa('sfdisk', ['-q', disk], { input: table.join('\n') });
  await (firmware === 'bios' ? installBiosGrub(disk, root, directory) : installUefiGrub(disk, directory));
  await execa('dd', [`if=${root}`, `of=${disk}`, 'bs=1M', `seek=${startMiB}`, 'conv=sparse,notrunc', 'status=none']);
  await rm(root);
}

/** What grub-install does, on a file: the first sector knows where the core is, the core where its own second sector is. */
async function installBiosGrub(disk: string, root: string, directory: string): Promise<void> {
  const core = join(directory, 'core.img');
  await execa('grub-mkimage', ['-O', 'i386-pc', '-p', GRUB_PREFIX, '-o', core, 'biosdisk', ...GRUB_MODULES]);
  await execa('debugfs', ['-w', '-f', '-', root], {
    input: `mkdir /boot/grub/i386-pc\nwrite ${core} /boot/grub/i386-pc/core.img\n`,
  });
  const boot = readFileSync('/usr/lib/grub/i386-pc/boot.img').subarray(0, 440);
  const image = await readFile(core);
  boot.writeBigUInt64LE(BigInt(MIB / 512), 0x5c);
  image.writeBigUInt64LE(BigInt(MIB / 512 + 1), 0x1f4);
  const file = await open(disk, 'r+');
  await file.write(boot, 0, boot.length, 0);
  await file.write(image, 0, image.length, MIB);
  await file.close();
  await rm(core);
}

async function installUefiGrub(disk: string, directory: string): Promise<void> {
  const [esp, program] = [join(directory, 'esp'), join(directory, 'BOOTX64.EFI')];
  await execa('grub-mkimage', ['-O', 'x86_64-efi', '-p', GRUB_PREFIX, '-o', program, ...GRUB_MODULES]);
  await execa('mkfs.vfat', ['-C', '-n', 'ESP', esp, String(ESP_MIB * 1024)]);
  await execa('mmd', ['-i', esp, '::/EFI', '::/EFI/BOOT']);
  await execa('mcopy', ['-i', esp, program, '::/EFI/BOOT/BOOTX64.EFI']);
  await execa('dd', [`if=${esp}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=sparse,notrunc', 'status=none']);
  await Promise.all([rm(esp), rm(program)]);
}

/**
 * The same machine with a reader that is set to another option kind, as an overlay in `directory`: made where the plan is kept and
 * where modprobe looks, so that the reader is loaded as always.
 */
export async function otherKind({ path, rootAt }: BootDisk, directory: string): Promise<string> {
  const [raw, overlay] = [join(directory, 'other-kind.img'), join(directory, 'other-kind.qcow2')];
  await execa('cp', ['--sparse=always', path, raw]);
  const files = `${raw}?offset=${rootAt}`;
  for (const name of ['/etc/toa/toa.env', '/etc/modprobe.d/toa.conf']) {
    const { stdout } = await execa('debugfs', ['-R', `cat ${name}`, files], { stripFinalNewline: false });
    const changed = join(directory, 'changed');
    await writeFile(changed, stdout.replace(/(kinds='?)254/i, '$1200'));
    await execa('debugfs', ['-w', '-f', '-', files], { input: `rm ${name}\nwrite ${changed} ${name}\n` });
  }
  await execa('qemu-img', ['convert', '-O', 'qcow2', '-B', path, '-F', 'raw', raw, overlay]);
  await rm(raw);
  return overlay;
}
