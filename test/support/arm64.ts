/** Debian's kernels for arm64, with a cross compiler: nothing of arm64 runs outside of the test machines. Needs root. */

import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { aptConfiguration } from './apt.ts';
import { cached } from './cache.ts';
import { inRoot, type Kernel, makeRoot, type Series } from './kernels.ts';

/** Oldest first. ftrace of the first two saves all registers, of the last only the arguments. */
export const ARM64_SERIES: readonly Series[] = [
  // The newest that mirrors still have for arm64.
  { suite: 'bullseye', backports: false, kernel: '5.10.0-32-cloud-arm64' },
  { suite: 'bookworm', backports: false, kernel: 'cloud-arm64' },
  { suite: 'trixie', backports: false, kernel: 'cloud-arm64' },
];

const HOOK = fileURLToPath(new URL('arm64-root.sh', import.meta.url));
const PEER = fileURLToPath(new URL('peer/', import.meta.url));

/** Programs of the newest suite run on all of the kernels. */
const PROGRAMS = { suite: 'trixie', packages: ['busybox', 'kmod', 'python3'] } as const;

/** Nobody reads these in a test machine. */
const LEFT_OUT: readonly string[] = ['./usr/share', './var', './usr/lib/aarch64-linux-gnu/gconv'];

/** Part of the key: raise it with every change of this file that changes what is built. */
const RECIPE = 1;

/** The kernel of a series, from the cache or built now. */
export async function arm64Kernel({ suite, kernel }: Series): Promise<Kernel> {
  const apt = await aptConfiguration(suite);
  const hook = await readFile(HOOK, 'utf8');
  const programs = await programsArchive();
  const directory = await cached(
    `kernel-arm64-${suite}`,
    { recipe: RECIPE, apt, kernel, hook, programs },
    async (part) => {
      const root = join(part, 'root');
      const more = [
        '--variant=apt',
        '--architectures=amd64,arm64',
        `--customize-hook=KERNEL=${kernel} sh ${HOOK} "$1"`,
      ];
      await makeRoot(root, suite, ['kmod', 'make', 'perl'], apt, more);
      await keep(part, root, programs);
    },
  );
  const release = (await readFile(join(directory, 'root/boot/release'), 'utf8')).trim();
  return {
    ...{ release, image: join(directory, 'vmlinuz'), initramfs: join(directory, 'initramfs') },
    ...{ root: join(directory, 'root'), arch: 'arm64', make: ['ARCH=arm64', 'CROSS_COMPILE=aarch64-linux-gnu-'] },
  };
}

/** The peer, statically linked. */
export async function arm64Peer(kernel: Kernel): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'toa-bake-peer-'));
  try {
    await execa('cp', ['-r', `${PEER}.`, directory]);
    const sources = (await readdir(PEER)).filter((name) => name.endsWith('.c')).map((name) => `/mnt/${name}`);
    const flags = ['-std=gnu11', '-O2', '-static', '-pthread', '-o', '/mnt/peer'];
    await inRoot(kernel.root, ['aarch64-linux-gnu-gcc', ...flags, ...sources], { mnt: directory });
    return await readFile(join(directory, 'peer'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** An archive of programs that run the tests in a machine. They are only unpacked: busybox in the machine's init makes its links. */
async function programsArchive(): Promise<string> {
  const apt = await aptConfiguration(PROGRAMS.suite);
  const inputs = { recipe: RECIPE, apt, ...PROGRAMS, leftOut: LEFT_OUT };
  const directory = await cached('programs-arm64', inputs, async (part) => {
    const root = join(part, 'root');
    await makeRoot(root, PROGRAMS.suite, PROGRAMS.packages, apt, ['--variant=extract', '--architectures=arm64']);
    for (const name of ['bin', 'sbin', 'lib']) await symlink(`usr/${name}`, join(root, name));
    const prune = LEFT_OUT.flatMap((path) => ['-path', path, '-prune', '-o']);
    const { stdout: list } = await execa('find', ['.', ...prune, '-print'], { cwd: root });
    await archive(root, list, join(part, 'archive'));
    await rm(root, { recursive: true });
  });
  return join(directory, 'archive');
}

async function archive(directory: string, list: string, file: string): Promise<void> {
  await execa('cpio', ['--quiet', '-o', '-H', 'newc'], { cwd: directory, input: `${list}\n`, stdout: { file } });
}

/** Kernel and initramfs: the programs, then the kernel's modules that a test needs. */
async function keep(directory: string, root: string, programs: string): Promise<void> {
  const release = (await readFile(join(root, 'boot/release'), 'utf8')).trim();
  await copyFile(join(root, `boot/vmlinuz-${release}`), join(directory, 'vmlinuz'));
  const stage = join(directory, 'stage');
  const modules = `lib/modules/${release}`;
  await mkdir(join(stage, 'usr', modules), { recursive: true });
  const shown = await inRoot(root, ['modprobe', '--set-version', release, '--show-depends', 'tun', 'veth']);
  const files = [...shown.matchAll(/^insmod \/(\S+)/gm)].map(([, path = '']) => path);
  const indices = (await readdir(join(root, modules))).filter((name) => name.startsWith('modules.'));
  for (const path of [...files, ...indices.map((name) => `${modules}/${name}`)])
    await execa('install', ['-D', join(root, path), join(stage, 'usr', path)]);
  const { stdout: list } = await execa('find', ['.', '-mindepth', '1'], { cwd: stage });
  await archive(stage, list, join(directory, 'modules'));
  await execa('sh', ['-c', 'cat "$1" modules >initramfs; rm -r modules stage', 'sh', programs], { cwd: directory });
}
