/** QEMU's command line for a test machine. What costs boot time under emulation was measured; the comments say what won. */

import { readFileSync } from 'node:fs';
import type { Disk } from './disk.ts';
import { type SecureBoot, secureBootArguments } from './secure-boot.ts';

/** Address of the machine's one network card; metadata services list it. */
export const MAC = '52:54:00:12:34:56';

/** What one start of QEMU needs. Paths must not hold commas. */
export interface QemuOptions {
  readonly disk: Disk;
  /** qcow2 image to which the machine writes. */
  readonly overlay: string;
  /** NoCloud seed, where there is one. */
  readonly seed: string | undefined;
  /** Options of the user network besides those set here. */
  readonly network: readonly string[];
  /** SMBIOS product name, by which cloud-init tells some clouds. */
  readonly product: string | undefined;
  /** Unix socket on which the test listens for the agent. */
  readonly channel: string;
  /** File to which the console is appended. */
  readonly log: string;
  readonly smp: number;
  readonly memoryMiB: number;
  readonly kernelArguments: readonly string[];
  /** A reboot ends it. */
  readonly rebootEnds: boolean;
  /** Firmware that starts the kernel, by what is on its EFI partition; else QEMU does, from outside. */
  readonly secureBoot?: SecureBoot;
}

/**
 * No svm: the kernel would load KVM for it. rdrand: nobody waits for entropy. No cx16: under QEMU 7.2 that instruction now and then
 * leaves garbage in the flags, and kernels since 6.11, which allocate by it, die of a double fault.
 */
export const EMULATED_CPU = 'qemu64,-svm,-cx16,+rdrand';

/**
 * Mitigations only slow emulation. norandmaps: QEMU translates code by its virtual address, so libraries that every
 * process maps at another place are translated for each anew (1.13 million blocks up to the end of cloud-init, 0.46 with it).
 * tsc=reliable: else the clock is the HPET, a device to be asked at each look. A kernel that crashed reboots, as servers do.
 */
const KERNEL_ARGUMENTS: readonly string[] = [
  'rootfstype=ext4',
  'rw',
  'console=ttyS0',
  'mitigations=off',
  'nokaslr',
  'no_timer_check',
  'tsc=reliable',
  'norandmaps',
  'panic=1',
  'net.ifnames=0',
  'systemd.getty_auto=no',
  // Seconds. A host that is slow to write must not cost the machine its disk (by default after 30, twice).
  'nvme_core.io_timeout=600',
];

/**
 * The rate of this machine's time stamp counter, which an emulated machine reads too. Left to find out, a kernel that starts while
 * others keep the host busy takes a ninth of it for the whole, and all its time limits run out nine times too soon. Only where a
 * hypervisor says it: elsewhere /proc/cpuinfo shows what a core runs at now.
 */
export function counterRate(): readonly string[] {
  const cpuinfo = readFileSync('/proc/cpuinfo', 'utf8');
  const [, megahertz] = /^cpu MHz\s*: ([\d.]+)$/m.exec(cpuinfo) ?? [];
  if (megahertz === undefined || !/^flags.* hypervisor( |$)/m.test(cpuinfo)) return [];
  return [`tsc_early_khz=${Math.round(Number(megahertz) * 1000)}`];
}

/** What the kernel is started with. */
export function commandLine(options: QemuOptions): string {
  const root = `root=/dev/nvme0n${drivesOf(options).length}`;
  return [root, ...KERNEL_ARGUMENTS, ...counterRate(), ...options.kernelArguments].join(' ');
}

function drivesOf({ seed, overlay }: QemuOptions): readonly string[] {
  // The seed comes first, so that it is there once the root can be mounted: cloud-init looks for it right after.
  return [
    ...(seed === undefined ? [] : [`${seed},format=raw,readonly=on`]),
    // Unsafe only if the host fails: nobody waits for its disk, and a killed QEMU has handed everything to the host.
    `${overlay},format=qcow2,cache=unsafe`,
  ];
}

/** The arguments for qemu-system-x86_64. NVMe for all disks: the driver is built into Debian's cloud kernel, virtio's is not. */
export function qemuArguments(options: QemuOptions): readonly string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-cpu', EMULATED_CPU, '-smp', String(options.smp), '-m', String(options.memoryMiB)],
    ...['-accel', 'tcg,thread=multi,tb-size=512'],
    ...(options.rebootEnds ? ['-no-reboot'] : []),
    ...startArguments(options),
    ...(options.product === undefined ? [] : ['-smbios', `type=1,product=${options.product}`]),
    ...['-chardev', `file,id=console,path=${options.log},append=on`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=agent,path=${options.channel}`],
    ...['-device', 'virtserialport,chardev=agent,name=test-agent'],
    ...['-device', 'nvme,id=nvme,serial=test'],
    ...drivesOf(options).flatMap((drive, index) => namespace(index + 1, drive)),
    ...['-netdev', ['user', 'id=net', 'ipv6=off', ...options.network].join(',')],
    ...['-device', `virtio-net-pci,netdev=net,mac=${MAC},romfile=`],
  ];
}

/** Who starts what. */
function startArguments(options: QemuOptions): readonly string[] {
  const { disk, secureBoot } = options;
  if (secureBoot) return secureBootArguments(secureBoot);
  return [
    ...['-M', 'pc', '-kernel', disk.kernel, '-append', commandLine(options)],
    ...(disk.initrd === undefined ? [] : ['-initrd', disk.initrd]),
  ];
}

function namespace(id: number, drive: string): readonly string[] {
  return ['-drive', `if=none,id=drive${id},file=${drive}`, '-device', `nvme-ns,drive=drive${id},bus=nvme,nsid=${id}`];
}
