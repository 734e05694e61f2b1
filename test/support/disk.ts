/** Root disks of Debian machines, built from scratch out of this machine's own apt sources and kept in the cache. */

import { chmod, copyFile, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type AptConfiguration, aptConfiguration } from './apt.ts';
import { cached } from './cache.ts';

/** What a module build needs on the machine; a disk without these is the bare variant. */
export const BUILD_PACKAGES: readonly string[] = ['gcc', 'make', 'linux-headers-cloud-amd64'];

const BASE_PACKAGES: readonly string[] = [
  'ca-certificates',
  'cloud-init',
  'dbus',
  'e2fsprogs',
  'iproute2',
  'kmod',
  'netbase',
  'nginx-light',
  'openssh-server',
  'python3',
  'systemd-sysv',
  'udev',
];

/** Before bookworm the resolver was part of the systemd package. */
const SUITES_WITHOUT_RESOLVED_PACKAGE: readonly string[] = ['bullseye'];

/** What wakes up by itself in a machine that lives for a minute: time that tests would wait for, and apt's lock held by others. */
const DISABLED_UNITS: readonly string[] = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty@tty1.service',
];

const AGENT = fileURLToPath(new URL('agent', import.meta.url));
const DISK_BYTES = 4 * 1024 ** 3;
const BUILD_LIMIT_MS = 20 * 60_000;

/** Part of the key: raise it with every change of this file that changes what is built. */
const RECIPE = 1;

/** A read-only base image and the kernel that it boots with. */
export interface Disk {
  /** Raw ext4 file system without a partition table. Never written: machines get an overlay. */
  readonly path: string;
  /** Kernel image, for QEMU's -kernel. Debian's cloud kernel has NVMe and ext4 built in and needs no initrd here. */
  readonly kernel: string;
  /** For kernels that have the disk's driver as a module. */
  readonly initrd?: string;
  /** The kernel's `uname -r`. */
  readonly release: string;
}

/** Which disk is wanted. */
export interface DiskOptions {
  /** Debian code name: `bookworm`. */
  readonly suite: string;
  /** Packages besides those of a stock cloud image; see BUILD_PACKAGES. */
  readonly packages: readonly string[];
  /** What follows `linux-image-`; left out: the suite's newest, by the package that is updated to each newer one. */
  readonly kernel?: string;
}

/** The disk for `options`, from the cache or built now (about a minute and a half). Needs root. */
export async function debianDisk({ suite, packages, kernel = 'cloud-amd64' }: DiskOptions): Promise<Disk> {
  const apt = await aptConfiguration(suite);
  const resolver = SUITES_WITHOUT_RESOLVED_PACKAGE.includes(suite) ? [] : ['systemd-resolved'];
  const all = [...new Set([...BASE_PACKAGES, `linux-image-${kernel}`, ...resolver, ...packages])].sort();
  const inputs = { recipe: RECIPE, suite, apt, packages: all, disabled: DISABLED_UNITS, agent: await agentFiles() };
  const directory = await cached(`disk-${suite}`, inputs, (part) => build(part, suite, all, apt));
  const release = (await readFile(join(directory, 'release'), 'utf8')).trim();
  return { path: join(directory, 'root.img'), kernel: join(directory, 'vmlinuz'), release };
}

async function agentFiles(): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(AGENT)).sort();
  const entries = names.map(async (name) => [name, await readFile(join(AGENT, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function build(
  directory: string,
  suite: string,
  packages: readonly string[],
  apt: AptConfiguration,
): Promise<void> {
  const root = join(directory, 'root');
  await bootstrap(root, suite, packages, apt);
  await configure(root, apt);
  await takeKernel(root, directory);
  await makeImage(root, join(directory, 'root.img'));
  await rm(root, { recursive: true });
}

async function bootstrap(
  root: string,
  suite: string,
  packages: readonly string[],
  apt: AptConfiguration,
): Promise<void> {
  const options = [
    '--quiet',
    '--mode=root',
    '--variant=minbase',
    '--format=directory',
    `--include=${packages.join(',')}`,
    ...apt.settings.map((line) => `--aptopt=${line}`),
  ];
  // A mount namespace of its own: a killed build leaves nothing mounted under a directory that will be removed.
  const args = ['--mount', '--', 'mmdebstrap', ...options, suite, root, ...apt.sources];
  await execa('unshare', args, { timeout: BUILD_LIMIT_MS, env: { LC_ALL: 'C.UTF-8' } });
}

async function configure(root: string, apt: AptConfiguration): Promise<void> {
  const put = async (path: string, content: string) => await writeFile(join(root, path), content);
  await put('etc/hostname', 'debian\n');
  await put('etc/machine-id', '');
  // As in Debian's own cloud images; without it cloud-init generates a locale.
  await put('etc/default/locale', 'LANG=C.UTF-8\n');
  // One host key: an RSA key costs seconds of emulation.
  await put('etc/cloud/cloud.cfg.d/50_host_keys.cfg', 'ssh_genkeytypes: [ed25519]\n');
  await put('etc/apt/apt.conf.d/50sources', apt.settings.map((line) => `${line}\n`).join(''));
  await put('etc/modules-load.d/test-agent.conf', 'virtio_console\n');
  await copyFile(join(AGENT, 'test-agent'), join(root, 'usr/local/sbin/test-agent'));
  await chmod(join(root, 'usr/local/sbin/test-agent'), 0o755);
  await copyFile(join(AGENT, 'test-agent.service'), join(root, 'etc/systemd/system/test-agent.service'));
  await rm(join(root, 'etc/resolv.conf'), { force: true });
  await symlink('../run/systemd/resolve/stub-resolv.conf', join(root, 'etc/resolv.conf'));
  const systemctl = async (...args: string[]) => await execa('chroot', [root, 'systemctl', ...args]);
  await systemctl('enable', 'test-agent.service', 'systemd-networkd.service', 'systemd-resolved.service');
  await systemctl('disable', ...DISABLED_UNITS);
}

async function takeKernel(root: string, directory: string): Promise<void> {
  const [release, ...others] = await readdir(join(root, 'lib/modules'));
  if (release === undefined || others.length > 0)
    throw new Error(`expected one kernel in ${root}, not ${others.length}`);
  await copyFile(join(root, `boot/vmlinuz-${release}`), join(directory, 'vmlinuz'));
  await writeFile(join(directory, 'release'), `${release}\n`);
}

async function makeImage(root: string, image: string): Promise<void> {
  const features = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard';
  await execa('mke2fs', ['-q', '-t', 'ext4', '-E', features, '-d', root, image, `${DISK_BYTES / 1024}k`]);
  await chmod(image, 0o444);
}
