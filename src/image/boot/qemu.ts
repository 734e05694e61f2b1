import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Unreadable } from '../look.ts';
import { uefiArguments } from './firmware.ts';

/** What the machine is like that an image is made for. */
export interface Hardware {
  readonly machine: 'x86_64' | 'arm64';
  readonly firmware: 'bios' | 'uefi';
}

/** How a run of QEMU ended. */
export interface End {
  readonly why: 'off' | 'time' | 'failed';
  /** What QEMU had to say of itself. */
  readonly stderr: string;
  /** The last of what came on the machine's serial console. */
  readonly console: string;
}

const CONSOLE_LIMIT = 4 * 1024 * 1024;
const ARCHITECTURES = { x86_64: 'x86_64', arm64: 'aarch64' } as const;
/** All that can be emulated. Pointers signed as the standard has it take longer than all the rest (81 s of a boot, 38 s without). */
const EMULATED = { x86_64: 'max', arm64: 'max,pauth-impdef=on' } as const;
/** A processor brings its own interrupt controller, and KVM takes no other: the newest, where it is emulated. */
const ARM64_BOARD = 'virt,gic-version=max';
const HOSTS: Readonly<Record<Hardware['machine'], string>> = { x86_64: 'x64', arm64: 'arm64' };

/**
 * Runs the machine until it switches itself off. Whether KVM works shows only when it is tried (it may abort although /dev/kvm
 * opens), so a run that QEMU itself ends badly is done again in software.
 */
export async function runMachine(
  hardware: Hardware,
  disks: readonly string[],
  folder: string,
  limitMs: number,
): Promise<End> {
  const until = Date.now() + limitMs;
  const machine = machineArguments(hardware, disks, folder);
  if (mayUseKvm(hardware)) {
    const end = await runQemu(hardware, ['-accel', 'kvm', '-cpu', 'host', ...machine], limitMs);
    if (end.why !== 'failed') return end;
  }
  return runQemu(
    hardware,
    ['-accel', 'tcg,thread=multi', '-cpu', EMULATED[hardware.machine], ...machine],
    until - Date.now(),
  );
}

function mayUseKvm({ machine }: Hardware): boolean {
  if (process.arch !== HOSTS[machine]) return false;
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function machineArguments(
  { machine, firmware }: Hardware,
  disks: readonly string[],
  folder: string,
): readonly string[] {
  const architecture = ARCHITECTURES[machine];
  return [
    ...['-M', machine === 'arm64' ? ARM64_BOARD : firmware === 'uefi' ? 'q35' : 'pc'],
    ...(firmware === 'uefi' ? uefiArguments(architecture, folder) : []),
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ...['-smp', String(Math.min(2, availableParallelism())), '-m', '2048'],
    // The image is not to be trusted: nothing but QEMU itself is ever run or opened, and no packet leaves.
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...disks.flatMap((drive, index) => [
      ...['-drive', `if=none,id=disk${index},cache=unsafe,${drive}`],
      ...['-device', `virtio-blk-pci,drive=disk${index},bootindex=${index}`],
    ]),
    // A network where a machine finds what it waits for, and that leads nowhere.
    ...['-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-pci,netdev=net,romfile='],
  ];
}

async function runQemu(hardware: Hardware, argv: readonly string[], limitMs: number): Promise<End> {
  const { execa } = await import('execa');
  const program = `qemu-system-${ARCHITECTURES[hardware.machine]}`;
  let console = '';
  const qemu = execa(program, argv, {
    buffer: { stdout: false, stderr: true },
    forceKillAfterDelay: 5000,
    reject: false,
    stdin: 'ignore',
    timeout: Math.max(1, limitMs),
  });
  qemu.stdout.setEncoding('latin1').on('data', (text: string) => {
    console = (console + text).slice(-CONSOLE_LIMIT);
  });
  const end = await qemu;
  if (end.code === 'ENOENT') throw new Unreadable(`to boot it, ${program} is needed, which is not installed`);
  return { why: end.timedOut ? 'time' : end.failed ? 'failed' : 'off', stderr: end.stderr.trim(), console };
}
