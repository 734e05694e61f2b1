import type { Family, FamilyId, HeadersRule } from './types.ts';

/**
 * Red Hat style kernel packages. The flavours keep their own devel packages: `kernel-rt-devel`, `kernel-64k-devel`,
 * `kernel-debug-devel`, with `+rt`, `+64k`, `+debug`, `+64k-debug` after the architecture. On 7, 8 and 9.0 to 9.2 the real-time
 * kernel was a package of its own, whose release has `.rt56.1033` inside and no suffix.
 */
// The debug kernels of 6 and 7 end in ".debug" instead: no rule for them, nobody serves on one.
export const rpmHeaders: readonly HeadersRule[] = [
  { match: '*.rt*+debug', packages: ['kernel-rt-debug-devel-{version}'] },
  { match: '*.rt*', packages: ['kernel-rt-devel-{release}'] },
  { match: '*+*', packages: ['kernel-{flavour}-devel-{version}'] },
  { match: '*', packages: ['kernel-devel-{release}'] },
];

const debian: Family = {
  id: 'debian',
  packageManager: 'apt',
  // The headers packages depend on the very compiler that the kernel was built with; `gcc` is for those that do not.
  buildPackages: ['gcc', 'make'],
  headers: [{ match: '*', packages: ['linux-headers-{release}'] }],
  bootFile: 'systemd-unit',
  cloudInit: null,
  python: ['/usr/bin/python3'],
  arches: ['x86_64', 'arm64'],
  kernels: [],
  archive: null,
  vendorReader: null,
  evidence: 'documented',
  sources: ['Dependencies of linux-headers-* in bookworm, trixie and sid, read in November 2026 (compilers)'],
};

const rhel: Family = {
  id: 'rhel',
  packageManager: 'dnf',
  // libelf is for objtool, without which kernels with CONFIG_UNWINDER_ORC refuse to build modules (8 and later). Perl is for
  // recordmcount.pl; kernel-devel requires it itself from 7 on.
  buildPackages: ['gcc', 'make', 'elfutils-libelf-devel'],
  headers: rpmHeaders,
  bootFile: 'systemd-unit',
  cloudInit: null,
  python: ['/usr/bin/python3'],
  arches: ['x86_64', 'arm64'],
  kernels: [],
  archive: null,
  vendorReader: null,
  evidence: 'documented',
  sources: [
    'kernel.spec of CentOS Stream and of Fedora: kernel_devel_package, uname_suffix',
    'https://github.com/openshift/driver-toolkit/commit/7a448c2ee026c772e293dd344da587493c859f82 (+64k)',
  ],
};

const suse: Family = {
  id: 'suse',
  packageManager: 'zypper',
  // kernel-*-devel requires libelf-devel and kernel-devel, and only recommends these three.
  buildPackages: ['gcc', 'make', 'perl'],
  // The package's own release has a rebuild count that `uname -r` lacks, but it provides the name with `uname -r`'s version.
  headers: [{ match: '*', packages: ['kernel-{flavour}-devel={version}'] }],
  bootFile: 'systemd-unit',
  cloudInit: null,
  python: ['/usr/bin/python3'],
  arches: ['x86_64', 'arm64'],
  kernels: [],
  archive: null,
  vendorReader: null,
  evidence: 'documented',
  sources: ['kernel-binary.spec.in of the SUSE kernel source: %package devel, Provides and Requires'],
};

/** What the distributions of a family have in common; a distribution or a release states only what differs. */
export const FAMILIES: Readonly<Record<FamilyId, Family>> = { debian, rhel, suse };
