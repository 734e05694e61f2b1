/** Machines that measure: they run one script and end. Nothing is said to them, so that what they count repeats. */

import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Kernel } from '../kernels.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Many times what it takes: 90 s alone on a machine. */
const LIFE_LIMIT_MS = 1_800_000;

/** The CPU's counter is the one clock that is not replaced by a better one while we measure. */
const KERNEL_ARGUMENTS =
  'console=ttyS0 quiet panic=-1 oops=panic panic_on_warn=1 reboot=t mitigations=off nokaslr no_timer_check ' +
  'tsc=reliable clocksource=tsc rdinit=/init';

/** How a machine runs. */
export type Mode =
  /** CPUs in turns, whose counter counts the instructions of all; idle time passes at once. */
  | { readonly kind: 'counted'; readonly cpus: number }
  /** By the host's clock. */
  | { readonly kind: 'timed'; readonly cpus: number };

/** What a machine that runs `script` prints. Throws where the script does not come to its end. */
export async function runMachine(
  kernel: Kernel,
  mode: Mode,
  files: Readonly<Record<string, Buffer>>,
  script: string,
): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'toa-bake-bench-'));
  try {
    const initramfs = join(scratch, 'initramfs');
    await copyFile(kernel.initramfs, initramfs);
    const init = await readFile(join(HERE, 'init.sh'));
    await append(initramfs, { '/init': init, '/measure': Buffer.from(script), ...files }, join(scratch, 'stage'));
    const log = join(scratch, 'console');
    const { stdout } = await execa('qemu-system-x86_64', qemuArguments(kernel.image, initramfs, log, mode), {
      timeout: LIFE_LIMIT_MS,
    });
    const output = stdout.replaceAll('\r', '');
    if (!output.endsWith('\ndone')) throw new Error(`${output}\n${await readFile(log, 'utf8')}`);
    return output;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function append(initramfs: string, files: Readonly<Record<string, Buffer>>, stage: string): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(stage, path)), { recursive: true });
    await writeFile(join(stage, path), content, { mode: 0o755 });
  }
  const pack = 'find . -mindepth 1 | cpio --quiet -o -H newc >>"$0"';
  await execa('sh', ['-ec', pack, initramfs], { cwd: stage });
}

function qemuArguments(image: string, initramfs: string, log: string, mode: Mode): readonly string[] {
  // A clock that starts at the same time and no random numbers of the host: two runs are one and the same.
  const counted = ['-accel', 'tcg', '-icount', 'shift=0,sleep=off', '-rtc', 'base=2026-01-01,clock=vm'];
  const timed = ['-accel', 'tcg,thread=multi'];
  // QEMU with CPUs in threads is unsafe while the kernel changes its own code, which it does most while it boots.
  const kernelArguments = mode.kind === 'timed' ? `${KERNEL_ARGUMENTS} maxcpus=1` : KERNEL_ARGUMENTS;
  return [
    ...['-M', 'pc', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...(mode.kind === 'counted' ? counted : timed),
    ...['-cpu', 'qemu64,-svm', '-smp', `${mode.cpus}`, '-m', '1024'],
    ...['-kernel', image, '-initrd', initramfs, '-append', kernelArguments],
    ...['-serial', `file:${log}`, '-serial', 'stdio'],
  ];
}
