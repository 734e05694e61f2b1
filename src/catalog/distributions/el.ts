import type { Traits } from '../types.ts';

// What the generations of Enterprise Linux share, whoever builds them. Each is spread into the rows of RHEL, CentOS, Rocky
// Linux, AlmaLinux and Oracle Linux, which then say what is theirs.

/** Upstart and System V scripts; the only Python is 2.6. */
export const el6 = {
  packageManager: 'yum',
  // kernel-devel of 6 does not require perl.
  buildPackages: ['gcc', 'make', 'perl'],
  bootFile: 'sysconfig-modules',
  cloudInit: '0.7.5',
  python: [],
  arches: ['x86_64'],
  kernels: ['2.6.32'],
} as const satisfies Partial<Traits>;

export const el7 = {
  packageManager: 'yum',
  // 0.7.5 when 7 was new, 19.4 in 7.9.
  cloudInit: '0.7.5',
  python: ['/usr/bin/python2.7'],
  kernels: ['3.10'],
} as const satisfies Partial<Traits>;

export const el8 = {
  // Unconfirmed: 18.5 of 8.0, from memory; 8.10 has 23.4.
  cloudInit: '18.5',
  // python3 is an optional module here; the package manager's own interpreter is always there.
  python: ['/usr/libexec/platform-python', '/usr/bin/python3'],
  kernels: ['4.18'],
} as const satisfies Partial<Traits>;

export const el9 = {
  // Unconfirmed: 21.1 of 9.0, from memory; 9.4 has 23.4.
  cloudInit: '21.1',
  kernels: ['5.14'],
} as const satisfies Partial<Traits>;

export const el10 = {
  cloudInit: '24.1',
  kernels: ['6.12'],
} as const satisfies Partial<Traits>;

/** Where the facts above come from; part of each distribution's sources. */
export const elSources = [
  'https://wiki.rockylinux.org/include/releng/version_table (kernels of 8, 9 and 10)',
  'https://github.com/vmware/ansible-vsphere-gos-validation/pull/617 (cloud-init of 7, 8.10, 9.4 and 10)',
] as const;
