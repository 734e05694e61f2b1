/** The Debian suites on which everything is tried, each with its own kernel, compiler, cloud-init and dkms. */

import { type Disk, debianDisk } from './disk.ts';

/** One suite as a target. */
export interface Suite {
  /** The target's id. */
  readonly target: string;
  /** Code name. */
  readonly suite: string;
  /** What follows `linux-image-`; left out: the newest, by the package that is updated to each newer one. */
  readonly kernel?: string;
  /** What is installed already: dkms with compiler and headers, or nothing, and all is fetched from the suite's mirror. */
  readonly packages: readonly string[];
}

/** Oldest first. */
export const SUITES: readonly Suite[] = [
  // The suite gets no more kernels: mirrors have dropped the packages that would name the newest.
  {
    target: 'debian-11',
    suite: 'bullseye',
    kernel: '5.10.0-46-cloud-amd64',
    packages: ['dkms', 'linux-headers-5.10.0-46-cloud-amd64'],
  },
  { target: 'debian-12', suite: 'bookworm', packages: ['dkms', 'linux-headers-cloud-amd64'] },
  { target: 'debian-13', suite: 'trixie', packages: [] },
  // Its dkms is content with the compiler of the headers, gcc-15.
  { target: 'debian-sid', suite: 'sid', packages: ['dkms', 'gcc', 'linux-headers-cloud-amd64'] },
];

/** The suite's disk. It has what makes an initrd, so that it can be made one that boots by itself. */
export async function diskOf({ suite, kernel = 'cloud-amd64', packages }: Suite): Promise<Disk> {
  return await debianDisk({ suite, kernel, packages: ['initramfs-tools', ...packages] });
}
