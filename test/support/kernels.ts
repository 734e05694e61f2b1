/** Build roots of Debian's kernels: each suite's own compiler, headers and kernel image, kept in the cache. Needs root. */

import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type AptConfiguration, aptConfiguration } from './apt.ts';
import { cached } from './cache.ts';

/** One kernel series of the distribution: where its packages come from. */
export interface Series {
  /** Debian code name: `bookworm`. */
  readonly suite: string;
  /** The kernel comes from the suite's backports. */
  readonly backports: boolean;
  /** What follows `linux-image-` and `linux-headers-`. */
  readonly kernel: string;
}

/** Every series that is tried, oldest first. Suites that carry the same series appear once. */
export const SERIES: readonly Series[] = [
  // The last kernel of a suite that gets no more: mirrors have dropped the metapackages that would name it.
  { suite: 'bullseye', backports: false, kernel: '5.10.0-46-cloud-amd64' },
  // The oldest that is served, before the change of interfaces that came with 6.1.0-53; then the newest.
  { suite: 'bookworm', backports: false, kernel: '6.1.0-47-cloud-amd64' },
  { suite: 'bookworm', backports: false, kernel: 'cloud-amd64' },
  { suite: 'trixie', backports: false, kernel: 'cloud-amd64' },
  { suite: 'sid', backports: false, kernel: 'cloud-amd64' },
  { suite: 'trixie', backports: true, kernel: 'cloud-amd64' },
];

/** Perl is for the check of comments that W=1 includes. */
const PACKAGES: readonly string[] = ['busybox', 'gcc', 'kmod', 'make', 'perl', 'python3'];

/** Modules of the kernel package that a test machine loads. IPv6 is built in. */
const MODULES: readonly string[] = ['tun'];

/** What modprobe reads. */
const INDICES: readonly string[] = ['dep', 'alias', 'symbols', 'builtin', 'builtin.alias'].map(
  (name) => `modules.${name}.bin`,
);

const FILES = fileURLToPath(new URL('microvm/files.py', import.meta.url));

const BUILD_LIMIT_MS = 20 * 60_000;

/** Part of the key: raise it with every change of this file that changes what is built. */
const RECIPE = 1;

/** A kernel that can be booted and for which modules can be built. */
export interface Kernel {
  /** The kernel's `uname -r`. */
  readonly release: string;
  /** Kernel image, for QEMU's -kernel. */
  readonly image: string;
  /** Initramfs with busybox, kmod, Python and the modules that the probe needs; `bootMicrovm` appends the init. */
  readonly initramfs: string;
  /** The build root. Never written: builds bind their own directory into it. */
  readonly root: string;
  /** Where the kernel is not for this machine's own kind of processor. */
  readonly arch?: 'arm64';
  /** Settings that make needs to build for it. */
  readonly make?: readonly string[];
}

/** The kernel of a series, from the cache or built now (about a minute). */
export async function debianKernel(series: Series): Promise<Kernel> {
  const apt = await aptOf(series);
  const inputs = { recipe: RECIPE, series, apt, packages: PACKAGES };
  const name = `${series.suite}${series.backports ? '-backports' : ''}`;
  return inCache(name, await cached(`kernel-${name}`, inputs, (part) => build(part, series, apt)));
}

/** A kernel whose `root`, `release` and `vmlinuz` are in a directory of the cache: gives it an initramfs of its root's programs. */
export async function inCache(name: string, directory: string): Promise<Kernel> {
  const root = join(directory, 'root');
  const release = (await readFile(join(directory, 'release'), 'utf8')).trim();
  const script = await readFile(FILES, 'utf8');
  const parts = { recipe: RECIPE, of: basename(directory), modules: MODULES, indices: INDICES, script };
  const ready = await cached(`initramfs-${name}`, parts, async (part) => {
    await makeInitramfs(root, release, script, join(part, 'initramfs'));
  });
  return { release, image: join(directory, 'vmlinuz'), initramfs: join(ready, 'initramfs'), root };
}

/** What a module build printed, and the module. */
export interface BuiltModule {
  readonly path: string;
  /** Standard output and error of make, without kbuild's lines that say what is being done (or not: headers come without vmlinux). */
  readonly complaints: readonly string[];
}

/** Builds the module in `source` for `kernel` into the directory `output`, with all of kbuild's usual warnings on. */
export async function buildModule(kernel: Kernel, source: string, output: string): Promise<BuiltModule> {
  await execa('cp', ['-r', `${source}/.`, output]);
  const make = [
    'make',
    '-C',
    `/lib/modules/${kernel.release}/build`,
    'M=/mnt',
    'W=1',
    ...(kernel.make ?? []),
    'modules',
  ];
  const printed = await inRoot(kernel.root, make, { mnt: output });
  const progress = /^(make(\[\d+\])?: |\s+(CC|LD|MODPOST|BTF) |Skipping BTF generation |\s*$)/;
  const [path, ...others] = (await readdir(output)).filter((name) => name.endsWith('.ko'));
  if (path === undefined || others.length > 0) throw new Error(`not one module came out of ${source}: ${printed}`);
  return { path: join(output, path), complaints: printed.split('\n').filter((line) => !progress.test(line)) };
}

async function aptOf({ suite, backports }: Series): Promise<AptConfiguration> {
  const apt = await aptConfiguration(suite);
  if (!backports) return apt;
  const main = apt.sources.filter((line) => line.split(' ')[2] === suite);
  const more = main.map((line) => line.replace(` ${suite} `, ` ${suite}-backports `));
  return {
    sources: [...apt.sources, ...more],
    settings: [...apt.settings, `APT::Default-Release "${suite}-backports";`],
  };
}

async function build(directory: string, { suite, kernel }: Series, apt: AptConfiguration): Promise<void> {
  const root = join(directory, 'root');
  const packages = [...PACKAGES, `linux-headers-${kernel}`, `linux-image-${kernel}`];
  await makeRoot(root, suite, packages, apt);
  const [release, ...others] = await readdir(join(root, 'lib/modules'));
  if (release === undefined || others.length > 0) throw new Error(`not one kernel in ${root}`);
  await writeFile(join(directory, 'release'), `${release}\n`);
  await copyFile(join(root, `boot/vmlinuz-${release}`), join(directory, 'vmlinuz'));
}

/** Unpacks and configures packages of a suite, with what they need, in the directory `root`; `more` are further options of mmdebstrap. */
export async function makeRoot(
  root: string,
  suite: string,
  packages: readonly string[],
  apt: AptConfiguration,
  more: readonly string[] = ['--variant=apt'],
): Promise<void> {
  const options = [
    ...['--quiet', '--mode=root', '--format=directory', `--include=${packages.join(',')}`],
    ...apt.settings.map((line) => `--aptopt=${line}`),
    ...more,
  ];
  const mmdebstrap = ['mmdebstrap', ...options, suite, root, ...apt.sources];
  // A mount namespace of its own: a killed build leaves nothing mounted. INITRD=No: nobody boots this root's own initrd.
  const env = { LC_ALL: 'C.UTF-8', INITRD: 'No' };
  await execa('unshare', ['--mount', '--', ...mmdebstrap], { timeout: BUILD_LIMIT_MS, env });
}

async function makeInitramfs(root: string, release: string, script: string, archive: string): Promise<void> {
  const show = ['modprobe', '--set-version', release, '--show-depends', ...MODULES];
  const modules = [...(await inRoot(root, show)).matchAll(/^insmod (\S+)/gm)].map(([, path = '']) => path);
  const indices = INDICES.map((name) => `/lib/modules/${release}/${name}`);
  const list = await inRoot(root, ['python3', '-', ...modules, ...indices], { input: script });
  await execa('cpio', ['--quiet', '-o', '-H', 'newc'], { cwd: root, input: list, stdout: { file: archive } });
}

/** What a program in a root may have besides arguments. */
export interface RunInRoot {
  readonly input?: string;
  /** A directory that it finds on /mnt. */
  readonly mnt?: string;
  readonly limitMs?: number;
}

/** Standard output and error of a program in the root, with /proc (objtool needs it) and, where given, a directory on /mnt. */
export async function inRoot(
  root: string,
  command: readonly string[],
  { input = '', mnt = '', limitMs = BUILD_LIMIT_MS }: RunInRoot = {},
): Promise<string> {
  const script =
    'mount -t proc proc "$0/proc"; [ -z "$1" ] || mount --bind "$1" "$0/mnt"; shift; exec chroot "$0" "$@"';
  const args = ['--mount', '--', 'sh', '-ec', script, root, mnt, ...command];
  const { all } = await execa('unshare', args, { all: true, input, timeout: limitMs, env: { LC_ALL: 'C' } });
  return all;
}
