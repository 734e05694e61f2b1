import type { Code } from './types.ts';

/** What can be wrong with how a reader lasts: updates, packages, and what the machine says of itself. */
export const UPKEEP_CODES = {
  'rebuild/compiler': {
    title: 'there is no compiler for the next build',
    why: 'After a kernel update the reader must be built again; scripts that make images small often remove gcc and make.',
    cure: 'Leave gcc and make in the image.',
  },
  'rebuild/headers': {
    title: 'the headers of the next kernel are missing',
    why: 'The reader cannot be built again on this machine, nor repaired.',
    cure: 'Install the headers of that kernel (linux-headers-RELEASE, kernel-devel-RELEASE).',
  },
  'rebuild/hook': {
    title: 'nothing builds the reader for a new kernel',
    why: 'After a kernel update the machine reboots into a kernel without a reader, and serves on as if nothing had happened.',
    cure: 'Run the install-toa.sh of a current toa-bake, which brings hooks; or install DKMS, or hold the kernel.',
  },
  'receipt/contradicts': {
    title: 'the receipt and the disk disagree',
    why: 'Something changed what toa-setup had installed and checked: what was verified then is not what is there now.',
    cure: 'Run `toa-setup all` on the machine, or find out who changed it.',
  },
  'receipt/failed': {
    title: 'the last run of toa-setup did not succeed',
    why: 'The machine says itself that its reader does not work.',
    cure: 'Read the reason in /var/lib/toa/receipt.json and /var/lib/toa/build.log; then run `toa-setup all`.',
  },
  'packages/half-installed': {
    title: 'packages are half installed',
    why: 'The bake broke off: a kernel without its initramfs, or headers without their files, may be among them.',
    cure: 'Run `dpkg --configure -a` (or `yum-complete-transaction`) before sealing.',
  },
} as const satisfies Readonly<Record<string, Code>>;
