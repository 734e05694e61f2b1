/** A way to get a reader of the option into the kernel. */
export interface Method {
  readonly id: 'vtoa' | 'module' | 'source' | 'rpm' | 'prebuilt' | 'ebpf';
  readonly summary: string;
  /** Whether it compiles on the machine. */
  readonly compiles: boolean;
  /** Name of the kernel module; null: none. */
  readonly module: string | null;
  /** Whether it reads the option from trusted peers only. */
  readonly filters: boolean;
  /** Whether its module is refused by a kernel that takes only signed ones. */
  readonly unsigned: boolean;
  /** Roles of the files that it takes from the spec; of the first it needs one. */
  readonly roles: readonly ('source' | 'kernel' | 'firmware' | 'module')[];
}

export const METHODS: readonly Method[] = [
  {
    id: 'vtoa',
    summary: "the distribution's own reader, package and unit vtoa",
    compiles: false,
    module: 'vtoa',
    filters: false,
    unsigned: false,
    roles: [],
  },
  {
    id: 'module',
    summary: 'our own module, built on the machine for each kernel; nothing but compiler and headers is downloaded',
    compiles: true,
    module: 'toa',
    filters: true,
    unsigned: true,
    roles: [],
  },
  {
    id: 'source',
    summary: "a vendor's source archive, pinned by sha256",
    compiles: true,
    module: 'toa',
    filters: false,
    unsigned: true,
    roles: ['source'],
  },
  {
    id: 'rpm',
    summary: "a vendor's kernel RPM with the reader inside",
    compiles: false,
    module: 'toa',
    filters: false,
    unsigned: true,
    roles: ['kernel', 'firmware'],
  },
  {
    id: 'prebuilt',
    summary: 'a module built elsewhere for exactly this kernel and architecture',
    compiles: false,
    module: 'toa',
    filters: false,
    unsigned: true,
    roles: ['module'],
  },
  {
    id: 'ebpf',
    summary: 'eBPF programs (sockops, getpeername); no module, no compiler, no headers, no signing key',
    compiles: false,
    module: null,
    filters: true,
    unsigned: false,
    roles: [],
  },
];

/** Why a method cannot be had on some targets. `targets` are globs over target ids. */
export interface Exclusion {
  readonly method: Method['id'];
  readonly except: readonly string[];
  readonly reason: string;
}

/** A method with a row here is only for the targets its row names. */
export const EXCLUSIONS: readonly Exclusion[] = [
  { method: 'vtoa', except: ['alinux-3'], reason: 'only Alibaba Cloud Linux 3 has the package vtoa' },
  {
    method: 'rpm',
    except: ['centos-6', 'centos-7', 'rhel-6', 'rhel-7'],
    reason: 'the vendor makes kernel RPMs with the reader for CentOS and RHEL 6 and 7 only',
  },
  {
    method: 'ebpf',
    except: [
      'debian-1?',
      'debian-sid',
      'ubuntu-2?.??',
      'centos-stream-9',
      'rhel-9',
      'rocky-9',
      'almalinux-9',
      'oracle-9',
      '*-10',
      'fedora-*',
      'alinux-3',
      'anolis-23',
      'amazon-2023',
      'openeuler-24.03',
      'opensuse-*',
      'sles-*',
    ],
    reason: 'it needs a kernel of series 5.10 or newer with cgroup v2',
  },
];

/** What a machine needs besides the kernel's headers to sign what it builds; every distribution calls it so. */
export const SIGNING_PACKAGES: readonly string[] = ['openssl'];
