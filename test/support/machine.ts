/** Machines for tests: a cached disk under a throw-away overlay, booted in QEMU without hardware help. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { ECS_PRODUCT, makeAliYunNetwork } from './aliyun.ts';
import { Channel, type Result } from './channel.ts';
import type { Disk } from './disk.ts';
import { MAC, type QemuOptions, qemuArguments } from './qemu.ts';
import { makeNoCloudSeed } from './seed.ts';

/** How a machine gets its user-data; `none`: cloud-init finds nothing and stays off, nobody sets the network up. */
export type DataSource = 'nocloud' | 'aliyun' | 'none';

/** A machine to boot. */
export interface MachineOptions {
  /** Names the console log. */
  readonly name: string;
  readonly disk: Disk;
  readonly dataSource: DataSource;
  /** Not with `none`. */
  readonly userData?: string | Uint8Array;
  /** Without it there is no way out at all; metadata is still served. With it the machine reaches what this one reaches. */
  readonly network: boolean;
  /** Port of this machine's loopback that leads to the machine's ssh. */
  readonly sshPort?: number;
  /** Image to start from instead of the disk as it was built: the overlay of a machine that was stopped, or qcow2 of your own. */
  readonly startFrom?: string;
  readonly smp?: number;
  readonly memoryMiB?: number;
  readonly kernelArguments?: readonly string[];
  /** A reboot from inside turns the machine off: for tests that play the boot loader, see `startKernel`. */
  readonly rebootEnds?: boolean;
}

/** What cloud-init says of itself once it has ended. */
export interface CloudInitResult {
  /** Exit code of `cloud-init status`: 0 done, 1 error, 2 degraded (only since 23.4). */
  readonly code: number;
  /** `done`, `error`, `disabled`, `degraded done` and so on. */
  readonly status: string;
  /** `DataSourceNoCloud [seed=/dev/nvme0n1][dsmode=net]`; '' where cloud-init is disabled. */
  readonly dataSource: string;
  readonly errors: readonly string[];
  /** Everything that `cloud-init status --long` printed. */
  readonly report: string;
}

/** QEMU at work: its end, and how to bring it about. */
type Qemu = ReturnType<typeof startQemu>;

/** Times are of a machine under emulation, many times a slow run on two busy cores. */
const BOOT_LIMIT_MS = 600_000;
const COMMAND_LIMIT_MS = 120_000;
const CLOUD_INIT_LIMIT_MS = 600_000;
const STOP_LIMIT_MS = 120_000;
const LIFE_LIMIT_MS = 30 * 60_000;

const LOGS = fileURLToPath(new URL('../../out/vm/', import.meta.url));
const LOG_TAIL_LINES = 40;

/** Waits in shell for the file that cloud-init writes last: its own `status --wait` would keep a Python running on two slow cores. */
const CLOUD_INIT_STATUS = `
until [ -e /run/cloud-init/result.json ] || [ -e /run/cloud-init/disabled ]; do sleep 0.5; done
cat /run/cloud-init/result.json 2>/dev/null || echo '{}'
cloud-init status --long >&2`;

/** Boots a machine and returns when its agent answers, which is early: cloud-init has hardly begun. */
export async function bootMachine(options: MachineOptions): Promise<Machine> {
  const directory = mkdtempSync(join(tmpdir(), 'toa-bake-vm-'));
  mkdirSync(LOGS, { recursive: true });
  const overlay = join(directory, 'overlay.qcow2');
  const backing = options.startFrom ?? options.disk.path;
  const format = options.startFrom === undefined ? 'raw' : 'qcow2';
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', format, overlay]);
  const channel = await Channel.listen(join(directory, 'agent'));
  const machine = new Machine(directory, channel, {
    disk: options.disk,
    overlay,
    ...(await dataSourceOptions(options, directory)),
    channel: join(directory, 'agent'),
    log: join(LOGS, `${options.name}-${new Date().toISOString().replaceAll(':', '')}.log`),
    smp: options.smp ?? 2,
    memoryMiB: options.memoryMiB ?? 1024,
    kernelArguments: options.kernelArguments ?? [],
    rebootEnds: options.rebootEnds ?? false,
  });
  try {
    await machine.startAgain();
  } catch (error) {
    await machine.discard();
    throw error;
  }
  return machine;
}

async function dataSourceOptions(
  { dataSource, network, sshPort, userData = '' }: MachineOptions,
  directory: string,
): Promise<Pick<QemuOptions, 'seed' | 'product' | 'network'>> {
  const restrict = `restrict=${network ? 'off' : 'on'}`;
  if (dataSource === 'aliyun') {
    const served = await makeAliYunNetwork(directory, MAC, userData);
    return { seed: undefined, product: ECS_PRODUCT, network: [restrict, ...served] };
  }
  const seed = dataSource === 'nocloud' ? await makeNoCloudSeed(directory, userData) : undefined;
  const forward = sshPort === undefined ? [] : [`hostfwd=tcp:127.0.0.1:${sshPort}-:22`];
  return { seed, product: undefined, network: [restrict, ...forward] };
}

function startQemu(options: QemuOptions) {
  // setpriv: the kernel kills QEMU when this process dies, be it by SIGKILL.
  return execa('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(options)], {
    reject: false,
    timeout: LIFE_LIMIT_MS,
    killSignal: 'SIGKILL',
    stdin: 'ignore',
  });
}

/** A machine, running or not. `discard` it at the end; if nobody does, it dies with the test's process. */
export class Machine {
  readonly #channel: Channel;
  #qemu: QemuOptions;
  readonly #cleanUp: () => void;
  #process: Qemu | undefined;

  constructor(directory: string, channel: Channel, qemu: QemuOptions) {
    this.#channel = channel;
    this.#qemu = qemu;
    this.#cleanUp = () => rmSync(directory, { recursive: true, force: true });
    process.once('exit', this.#cleanUp);
  }

  /** The console of all boots. It is kept. */
  get log(): string {
    return this.#qemu.log;
  }

  /** What the machine wrote so far, as an image for `startFrom`. Only of use while the machine is off. */
  get overlay(): string {
    return this.#qemu.overlay;
  }

  /** Runs a POSIX shell script as root. Rejects when it takes longer than `timeoutMs`; any exit code is a result. */
  async run(script: string, options: { timeoutMs?: number; input?: string | Uint8Array } = {}): Promise<Result> {
    const { timeoutMs = COMMAND_LIMIT_MS, input = '' } = options;
    return await this.#told(`run ${JSON.stringify(script)}`, this.#channel.run({ script, input, limitMs: timeoutMs }));
  }

  /** Waits until cloud-init has ended or is known to be off. */
  async waitForCloudInit(timeoutMs: number = CLOUD_INIT_LIMIT_MS): Promise<CloudInitResult> {
    const { code, stdout, stderr } = await this.run(CLOUD_INIT_STATUS, { timeoutMs });
    const result: { v1?: { datasource?: string; errors?: string[] } } = JSON.parse(stdout);
    const status = /^status: (.*)$/m.exec(stderr)?.[1] ?? 'unknown';
    return { code, status, dataSource: result.v1?.datasource ?? '', errors: result.v1?.errors ?? [], report: stderr };
  }

  /** Reboots from inside, as an administrator would, and waits for the agent. */
  async reboot(): Promise<void> {
    await Promise.all([this.waitForBoot(), this.run('systemctl --no-block reboot')]);
  }

  /**
   * Waits for a boot that the machine does by itself: user-data that ends in a reboot, a kernel that crashed. Call it before that
   * can have happened. A command that runs meanwhile is rejected.
   */
  async waitForBoot(timeoutMs: number = BOOT_LIMIT_MS): Promise<void> {
    await this.#told('boot', this.#channel.nextBoot(timeoutMs));
  }

  /** Shuts the machine down from inside and waits until it is off. */
  async powerOff(): Promise<void> {
    const qemu = this.#process;
    if (qemu === undefined) return;
    await this.run('systemctl --no-block poweroff');
    const timer = setTimeout(() => qemu.kill('SIGKILL'), STOP_LIMIT_MS);
    const end = await qemu;
    clearTimeout(timer);
    if (end.failed) throw new Error(`power off: the machine had to be killed, see ${this.log}`);
  }

  /** Waits until a machine goes off by itself: see `rebootEnds`. */
  async waitForEnd(timeoutMs: number): Promise<void> {
    const limit = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('it is still on')), timeoutMs).unref();
    });
    if (this.#process !== undefined) await this.#told('wait for its end', Promise.race([this.#process, limit]));
  }

  /** Cuts the power. What the machine had not synced is lost. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process;
  }

  /** Starts a machine that is off, on the disk as it left it, and waits for the agent. */
  async startAgain(): Promise<void> {
    if (this.#process !== undefined) throw new Error('the machine is running');
    const up = this.waitForBoot();
    this.#process = this.#start();
    await up;
  }

  /** Starts a machine that is off with a kernel that was installed in it meanwhile, as its boot loader would. */
  async startKernel(release: string): Promise<void> {
    const directory = dirname(this.overlay);
    const image = join(directory, 'look.img');
    const [kernel, initrd] = [join(directory, `vmlinuz-${release}`), join(directory, `initrd.img-${release}`)];
    await execa('qemu-img', ['convert', '-O', 'raw', this.overlay, image]);
    for (const file of [kernel, initrd]) {
      await execa('debugfs', ['-R', `dump /boot/${basename(file)} ${file}`, image]);
    }
    rmSync(image);
    const disk = { ...this.#qemu.disk, kernel, release, ...(existsSync(initrd) && { initrd }) };
    this.#qemu = { ...this.#qemu, disk };
    await this.startAgain();
  }

  /** Cuts the power and removes all but the log. */
  async discard(): Promise<void> {
    await this.kill();
    this.#channel.close();
    process.off('exit', this.#cleanUp);
    this.#cleanUp();
  }

  #start(): Qemu {
    const qemu = startQemu(this.#qemu);
    void qemu.then((end) => {
      this.#process = undefined;
      this.#channel.fail(new Error(`the machine went off: ${end.stderr || end.shortMessage || 'shut down'}`));
    });
    return qemu;
  }

  async #told<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      const tail = readFileSync(this.log, { encoding: 'utf8', flag: 'a+' })
        .split('\n')
        .slice(-LOG_TAIL_LINES)
        .join('\n');
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${what}: ${why}\nconsole log: ${this.log}\n${tail}`, { cause });
    }
  }
}
