/** The shapes of the catalog's tables. The tables hold data only; what is done with them is in `plan/`. */

/**
 * How far a row was proven. `booted`: machines of it boot in our tests and get their reader. `emulated`: toa-setup runs in a fake root
 * whose packages are those of the release's own lists. `documented`: it runs in a fake root whose names and packages were read, see `sources`.
 */
export type Evidence = 'booted' | 'emulated' | 'documented';

export type Arch = 'x86_64' | 'arm64';

export type PackageManager = 'apt' | 'yum' | 'dnf' | 'zypper';

/** What loads the reader at boot: our systemd unit, or the vendor page's /etc/sysconfig/modules file, or /etc/modules. */
export type BootFile = 'systemd-unit' | 'sysconfig-modules' | 'etc-modules';

/**
 * Which packages hold the headers of a kernel release. The first rule whose glob matches the release (`uname -r`) wins.
 * Placeholders: `{release}` the release as it is; `{version}` without its flavour; `{flavour}` that flavour, which is what
 * follows the first `+` where there is one ("…el9.aarch64+64k", "+rt-debug"), else the last `-` ("…-150600.23.53-default").
 */
export interface HeadersRule {
  readonly match: string;
  readonly packages: readonly string[];
}

/** Facts that a family states and a distribution or a release may override. */
export interface Traits {
  readonly packageManager: PackageManager;
  /** Compiler and tools that a module build needs, headers apart. */
  readonly buildPackages: readonly string[];
  readonly headers: readonly HeadersRule[];
  readonly bootFile: BootFile;
  /** Oldest cloud-init that the release's cloud images or repositories carry ("0.7.5"); null: none that is usable, script only. */
  readonly cloudInit: string | null;
  /** Where a Python interpreter is on a stock image, in the order in which to look. */
  readonly python: readonly string[];
  readonly arches: readonly Arch[];
  /** Kernel series a stock machine of the release may run, oldest first: "6.1", "3.10". */
  readonly kernels: readonly string[];
  /** Where packages come from once the mirrors dropped the release; null while they still serve it. */
  readonly archive: Archive | null;
  /** The distribution's own TOA reader, where it has one. */
  readonly vendorReader: VendorReader | null;
  readonly evidence: Evidence;
  /** Where each fact that was not run here comes from: a document's title or address. Never empty for `documented` rows. */
  readonly sources: readonly string[];
}

export interface Archive {
  /** End of life of the normal mirrors, ISO date. */
  readonly since: string;
  /** What replaces the mirrors, as documented: a base URL, or the name of a paid programme. */
  readonly location: string;
}

export interface VendorReader {
  readonly package: string;
  readonly unit: string;
  /** First kernel release with which the package works; older kernels have the module inside. */
  readonly kernelMin: string;
}

export interface Release extends Partial<Traits> {
  /** What follows the distribution in a target's id: "12", "22.04", "stream-9". */
  readonly release: string;
  /** VERSION_ID in /etc/os-release, or its prefix up to a dot ("8" fits "8.10"); '' where there is none (Debian sid). */
  readonly versionId: string;
  /** NAME in /etc/os-release, where ID and VERSION_ID fit two rows ("CentOS Linux" and "CentOS Stream", both centos 8). */
  readonly osName?: string;
  /** Marketing or code name, where people use one. */
  readonly codename?: string;
}

export interface Distribution extends Partial<Traits> {
  /** First part of a target's id: "debian". */
  readonly id: string;
  readonly name: string;
  readonly family: FamilyId;
  /** ID in /etc/os-release. */
  readonly osId: string;
  readonly releases: readonly Release[];
}

export type FamilyId = 'debian' | 'rhel' | 'suse';

export interface Family extends Traits {
  readonly id: FamilyId;
}
