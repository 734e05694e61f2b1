import type { Code } from './types.ts';

/** What can be wrong with kernels and the readers that they have. */
export const MODULE_CODES = {
  'kernel/missing': {
    title: 'no kernel is installed',
    why: 'Nothing could boot from this, and no reader can be made for it.',
    cure: 'Install a kernel; of a container, validate the machine that it runs on.',
  },
  'kernel/image': {
    title: 'the boot image of the next kernel is missing or another than its name says',
    why: 'The machine would not boot, or run a kernel for which the modules beside it were not made.',
    cure: 'Install the kernel package again.',
  },
  'kernel/hold': {
    title: 'kernel packages are held, or not held, against the plan',
    why: 'An update of the kernel takes away a reader that belongs to one kernel; a kernel that is held without need stays without fixes.',
    cure: 'Hold the kernel packages (toa-setup enable does where the spec says kernel: {onUpgrade: hold}; by hand apt-mark hold, dnf versionlock, exclude=), or release them, as the message says.',
  },
  'module/missing-default': {
    title: 'the kernel that boots next has no reader',
    why: 'The machine comes up and shows the scrubber as every client, although everything else looks right.',
    cure: 'Build the reader for that kernel: `toa-setup all` on the machine, then validate again.',
  },
  'module/missing-other': {
    title: 'another installed kernel has no reader',
    why: 'Whoever boots it, after a failed update for example, loses the clients’ addresses.',
    cure: 'Install its headers and run `toa-setup all`, or remove that kernel.',
  },
  'module/corrupt': {
    title: 'the module is truncated or corrupt',
    why: 'The kernel refuses it; the machine serves without a reader.',
    cure: 'Build or copy the module again: `toa-setup all` on the machine.',
  },
  'module/arch': {
    title: 'the module was made for another architecture',
    why: 'The kernel refuses it with "Exec format error".',
    cure: 'Build the module on the machine, or copy the one for its architecture.',
  },
  'module/vermagic': {
    title: 'the module was built for another kernel',
    why: 'The kernel refuses it with "Invalid module format". It was often built for the kernel that ran during the bake.',
    cure: 'Build it for this kernel, with this kernel’s headers: `toa-setup all` on the machine.',
  },
  'module/name': {
    title: 'the module calls itself otherwise than its file',
    why: 'modprobe, lsmod and its parameters go by the name inside; whoever asks for the file’s name looks in the wrong place.',
    cure: 'Give the file the name that the module has, run depmod, and correct what loads it.',
  },
  'module/symbols': {
    title: 'the kernel does not have what the module needs',
    why: 'The kernel refuses it with "Unknown symbol" or "disagrees about version of symbol".',
    cure: 'Build the module against the headers of exactly this kernel.',
  },
  'module/shadowed': {
    title: 'there are several copies of the module for one kernel',
    why: 'modprobe takes the first by its order of directories; which one that is may not be the one that was meant, or updated.',
    cure: 'Remove the copies that are not wanted, and run depmod.',
  },
  'module/stale-index': {
    title: 'the index of modules does not lead to the reader',
    why: 'modprobe looks in modules.dep.bin, not in the directory: it says "not found", or takes another file.',
    cure: 'Run `depmod RELEASE` (for an image: `depmod -b ROOT RELEASE`).',
  },
  'module/unsigned': {
    title: 'the kernel takes only signed modules, and this one is not, or by an unknown key',
    why: 'It is refused with "Key was rejected by service".',
    cure: 'Sign the module with a key that the firmware knows (MOK), or switch Secure Boot and lockdown off for these machines.',
  },
  'reader/two-active': {
    title: 'two readers are active',
    why: 'Both hook the same functions: which address shows is a matter of luck, and some crash the kernel together.',
    cure: 'Keep one of toa and vtoa; disable what loads the other.',
  },
  'reader/socket-data': {
    title: 'the reader keeps its data where others keep theirs',
    why: 'Kernel TLS, sockmap and reuseport programs own sk_user_data. With both on a machine, one follows the other’s bits as a pointer: bytes that a client chose.',
    cure: 'Use a reader with a table of its own (method: module), or give up kTLS and sockmap on this machine.',
  },
} as const satisfies Readonly<Record<string, Code>>;
