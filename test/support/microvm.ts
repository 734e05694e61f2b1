/** Small machines for trying kernel modules: a kernel, an initramfs, no disk and no network; up in two to four seconds. */

import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Kernel } from './kernels.ts';
import { counterRate, EMULATED_CPU } from './qemu.ts';

const LOGS = fileURLToPath(new URL('../../out/vm/', import.meta.url));
const INIT = fileURLToPath(new URL('microvm/init', import.meta.url));

/** What one machine may take in all, and what one answer of it may take. Both are many times what was measured. */
const LIFE_LIMIT_MS = 1_200_000;
const ANSWER_LIMIT_MS = 120_000;

/** A warning of the kernel ends the machine, so that it cannot be overlooked. Mitigations only slow emulation. */
const KERNEL_ARGUMENTS =
  'console=ttyS0 quiet panic=-1 oops=panic panic_on_warn=1 reboot=t mitigations=off nokaslr no_timer_check rdinit=/init';

/** What a script did in the machine. */
export interface Answer {
  readonly code: number;
  /** Standard output and error. */
  readonly output: string;
}

/** Which machine is wanted. */
export interface MicrovmOptions {
  /** Names the console log. */
  readonly name: string;
  readonly kernel: Kernel;
  /** Files in the machine, contents by absolute path; all of them executable. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** More of the kernel's command line. */
  readonly append?: string;
  /** 2 where nothing is said. */
  readonly cpus?: number;
  /** Each CPU in a thread of its own, so that they really run at once; see startQemu. */
  readonly parallel?: boolean;
  /** MiB; 512 where nothing is said. */
  readonly memory?: number;
  /** With cmpxchg16b in spite of EMULATED_CPU: kernels 7.x without it cannot give a socket storage in a softirq (kmalloc_nolock). */
  readonly cx16?: true;
  /** How many times the usual limits it may take: for kernels that are slow. */
  readonly patience?: number;
}

/** Boots a machine and waits until it takes scripts. Its console log is in out/vm and stays there unless `discard` is called. */
export async function bootMicrovm(options: MicrovmOptions): Promise<Microvm> {
  const { name, kernel, files } = options;
  mkdirSync(LOGS, { recursive: true });
  const log = join(LOGS, `${name}-${new Date().toISOString().replaceAll(':', '')}.log`);
  const scratch = await mkdtemp(join(tmpdir(), 'toa-bake-microvm-'));
  const initramfs = join(scratch, 'initramfs');
  await copyFile(kernel.initramfs, initramfs);
  appendFileSync(initramfs, await pack({ '/init': await readFile(INIT), ...files }, join(scratch, 'stage')));
  const vm = new Microvm(startQemu(options, initramfs, log), log, scratch, (options.patience ?? 1) * ANSWER_LIMIT_MS);
  await vm.ready();
  return vm;
}

async function pack(files: Readonly<Record<string, Buffer>>, stage: string): Promise<Uint8Array> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(stage, path)), { recursive: true });
    await writeFile(join(stage, path), content, { mode: 0o755 });
  }
  const { stdout: list } = await execa('find', ['.', '-mindepth', '1'], { cwd: stage });
  const cpio = ['--quiet', '-o', '-H', 'newc'];
  return (await execa('cpio', cpio, { cwd: stage, input: `${list}\n`, encoding: 'buffer' })).stdout;
}

/** A running machine. */
export class Microvm {
  readonly #qemu: ReturnType<typeof startQemu>;
  readonly #lines: AsyncIterator<string>;
  readonly #scratch: string;
  readonly #limitMs: number;
  /** Path of the console log. */
  readonly log: string;

  constructor(qemu: ReturnType<typeof startQemu>, log: string, scratch: string, limitMs: number) {
    this.#qemu = qemu;
    this.#lines = createInterface({ input: qemu.stdout })[Symbol.asyncIterator]();
    this.#scratch = scratch;
    this.#limitMs = limitMs;
    this.log = log;
  }

  /** Waits until the machine takes scripts. */
  async ready(): Promise<void> {
    await this.#linesUntil(/^ready$/, 'boot');
  }

  /** Runs a script with the machine's shell. Only a machine that does not answer is an error. */
  async run(script: string): Promise<Answer> {
    this.#qemu.stdin.write(`${script}\nend\n`);
    const lines = await this.#linesUntil(/^answer \d+$/, script);
    const code = Number(lines.pop()?.split(' ')[1]);
    return { code, output: lines.map((line) => line.slice(1)).join('\n') };
  }

  /** Ends the machine at once. The console log stays. */
  async stop(): Promise<void> {
    this.#qemu.kill('SIGKILL');
    await this.#qemu;
    await rm(this.#scratch, { recursive: true });
  }

  /** Ends the machine and removes its console log: for a test that passed. */
  async discard(): Promise<void> {
    await this.stop();
    await rm(this.log);
  }

  async #linesUntil(wanted: RegExp, what: string): Promise<string[]> {
    const lines: string[] = [];
    const over = new AbortController();
    try {
      const limit = setTimeout(this.#limitMs, { done: true, value: 'no answer in time' }, { signal: over.signal });
      for (;;) {
        const { done, value } = await Promise.race([this.#lines.next(), limit]);
        if (done) throw new Error(this.#describe(what, value ?? 'the machine ended', lines));
        lines.push(value);
        if (wanted.test(value)) return lines;
      }
    } finally {
      over.abort();
    }
  }

  #describe(what: string, why: string, lines: readonly string[]): string {
    const console = readFileSync(this.log, 'utf8').split('\n').slice(-60);
    return [`${what}: ${why}`, ...lines, `console log: ${this.log}`, ...console].join('\n');
  }
}

/**
 * A PC without devices: the microvm machine has one CPU where it boots these kernels at all. One thread for all CPUs unless asked: with more, a
 * CPU may run into a breakpoint that the other has just taken away while patching code ("Oops: int3", once in about 25 boots).
 * The console goes to the log, the other serial port is our channel: nothing that the kernel prints can get into an answer.
 */
const PC = {
  program: 'qemu-system-x86_64',
  machine: 'pc',
  cpu: EMULATED_CPU,
  append: '',
  channel: ['-serial', 'chardev:channel'],
} as const;

/** The kernel hands what it does not know to init: the name of the channel. */
const ARM64 = {
  program: 'qemu-system-aarch64',
  machine: 'virt',
  cpu: 'max,pauth-impdef=on',
  append: 'console=ttyAMA0 channel=ttyS0',
  channel: ['-device', 'pci-serial,chardev=channel'],
} as const;

function startQemu(options: MicrovmOptions, initramfs: string, log: string) {
  const { kernel, append = '', cpus = 2, parallel = false, memory = 512, patience = 1 } = options;
  const kind = kernel.arch === 'arm64' ? ARM64 : PC;
  const words = [KERNEL_ARGUMENTS, ...(kind === PC ? counterRate() : []), kind.append, append];
  const args = [
    ...['-M', kind.machine, '-cpu', options.cx16 ? kind.cpu.replace('-cx16', '+cx16') : kind.cpu],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-accel', `tcg,thread=${parallel ? 'multi' : 'single'}`, '-smp', `${cpus}`, '-m', `${memory}`],
    ...['-kernel', kernel.image, '-initrd', initramfs, '-append', words.join(' ')],
    ...['-serial', `file:${log}`, '-chardev', 'stdio,id=channel,signal=off', ...kind.channel],
  ];
  return execa(kind.program, args, {
    buffer: { stdout: false },
    timeout: patience * LIFE_LIMIT_MS,
    reject: false,
    forceKillAfterDelay: 1000,
  });
}
