/** A file of guest/ that may travel to a machine. */
export interface GuestFile {
  /** Below guest/. */
  readonly source: string;
  /** On the machine. */
  readonly path: string;
  readonly mode: '0644' | '0755';
  /** Its comments stay at home, and its indentation where it means nothing: a cloud's user-data is small. */
  readonly language: 'c' | 'sh' | 'python' | 'make' | 'unit';
  /** For which plans; a key left out means all. */
  readonly when?: {
    readonly method?: readonly string[];
    /** Whether the kernels lie in the range that our tests boot. */
    readonly proven?: boolean;
    readonly packageManager?: readonly string[];
    readonly bootFile?: string;
    /** Whether a packet filter of ours keeps to the trust list, since the reader cannot. */
    readonly filter?: boolean;
    readonly onUpgrade?: string;
    /** Whether what is built is signed. */
    readonly signing?: boolean;
  };
}

const LIB = '/usr/local/lib/toa';

/** One script under every name by which these package managers' kernels call it. SUSE's call none: there it is toa-repair.service. */
const HOOK = { source: 'hooks/kernel.sh', mode: '0755', language: 'sh' } as const;

/** For each unit whose start, reload or stop may take away rules that are not its own. */
const FIREWALL = {
  source: 'units/firewall.conf',
  mode: '0644',
  language: 'unit',
  when: { bootFile: 'systemd-unit', filter: true },
} as const;

/** In the order in which they travel: what resembles each other is together, which compresses best. */
export const GUEST_FILES: readonly GuestFile[] = [
  { source: 'toa-setup', path: '/usr/local/sbin/toa-setup', mode: '0755', language: 'sh' },
  {
    source: 'packages/apt.sh',
    path: `${LIB}/packages.sh`,
    mode: '0644',
    language: 'sh',
    when: { packageManager: ['apt'] },
  },
  {
    source: 'packages/rpm.sh',
    path: `${LIB}/packages.sh`,
    mode: '0644',
    language: 'sh',
    when: { packageManager: ['yum', 'dnf', 'zypper'] },
  },
  { source: 'packages/hold.sh', path: `${LIB}/hold.sh`, mode: '0644', language: 'sh', when: { onUpgrade: 'hold' } },
  { source: 'takeover.sh', path: `${LIB}/takeover.sh`, mode: '0644', language: 'sh' },
  { source: 'methods/module.sh', path: `${LIB}/method.sh`, mode: '0644', language: 'sh', when: { method: ['module'] } },
  { source: 'methods/dkms.sh', path: `${LIB}/dkms.sh`, mode: '0644', language: 'sh', when: { method: ['module'] } },
  { source: 'methods/sign.sh', path: `${LIB}/sign.sh`, mode: '0644', language: 'sh', when: { signing: true } },
  {
    source: 'methods/module.sh',
    path: `${LIB}/module.sh`,
    mode: '0644',
    language: 'sh',
    when: { method: ['source', 'prebuilt', 'rpm'] },
  },
  {
    source: 'methods/vendor.sh',
    path: `${LIB}/vendor.sh`,
    mode: '0644',
    language: 'sh',
    when: { method: ['source', 'prebuilt', 'rpm'] },
  },
  { source: 'methods/unpack.sh', path: `${LIB}/unpack.sh`, mode: '0644', language: 'sh', when: { method: ['source'] } },
  { source: 'methods/fits.sh', path: `${LIB}/fits.sh`, mode: '0644', language: 'sh', when: { method: ['source'] } },
  { source: 'methods/source.sh', path: `${LIB}/method.sh`, mode: '0644', language: 'sh', when: { method: ['source'] } },
  { source: 'methods/rpm.sh', path: `${LIB}/method.sh`, mode: '0644', language: 'sh', when: { method: ['rpm'] } },
  {
    source: 'methods/prebuilt.sh',
    path: `${LIB}/method.sh`,
    mode: '0644',
    language: 'sh',
    when: { method: ['prebuilt'] },
  },
  {
    source: 'fetch.sh',
    path: `${LIB}/fetch.sh`,
    mode: '0644',
    language: 'sh',
    when: { method: ['source', 'prebuilt', 'rpm'] },
  },
  {
    source: 'download.sh',
    path: `${LIB}/download.sh`,
    mode: '0644',
    language: 'sh',
    when: { method: ['source', 'prebuilt', 'rpm'] },
  },
  { source: 'methods/vtoa.sh', path: `${LIB}/method.sh`, mode: '0644', language: 'sh', when: { method: ['vtoa'] } },
  { source: 'filter.sh', path: `${LIB}/filter.sh`, mode: '0644', language: 'sh', when: { filter: true } },
  {
    source: 'unfiltered.sh',
    path: `${LIB}/filter.sh`,
    mode: '0644',
    language: 'sh',
    when: { method: ['vtoa', 'source', 'prebuilt', 'rpm'], filter: false },
  },
  { source: 'filter-probe', path: `${LIB}/filter-probe`, mode: '0755', language: 'python', when: { filter: true } },
  { source: 'trust.sh', path: `${LIB}/trust.sh`, mode: '0644', language: 'sh' },
  { source: 'methods/ebpf.sh', path: `${LIB}/method.sh`, mode: '0644', language: 'sh', when: { method: ['ebpf'] } },
  { source: 'toa-probe', path: `${LIB}/toa-probe`, mode: '0755', language: 'python' },
  {
    source: 'units/toa.service',
    path: '/etc/systemd/system/toa.service',
    mode: '0644',
    language: 'unit',
    when: { bootFile: 'systemd-unit' },
  },
  {
    source: 'units/toa-ready.target',
    path: '/etc/systemd/system/toa-ready.target',
    mode: '0644',
    language: 'unit',
    when: { bootFile: 'systemd-unit' },
  },
  {
    source: 'units/toa-repair.service',
    path: '/etc/systemd/system/toa-repair.service',
    mode: '0644',
    language: 'unit',
    when: { bootFile: 'systemd-unit' },
  },
  {
    source: 'units/toa-filter.service',
    path: '/etc/systemd/system/toa-filter.service',
    mode: '0644',
    language: 'unit',
    when: { bootFile: 'systemd-unit', filter: true },
  },
  { ...FIREWALL, path: '/etc/systemd/system/nftables.service.d/toa.conf' },
  { ...FIREWALL, path: '/etc/systemd/system/iptables.service.d/toa.conf' },
  { ...FIREWALL, path: '/etc/systemd/system/ip6tables.service.d/toa.conf' },
  { ...FIREWALL, path: '/etc/systemd/system/firewalld.service.d/toa.conf' },
  { ...FIREWALL, path: '/etc/systemd/system/netfilter-persistent.service.d/toa.conf' },
  { ...FIREWALL, path: '/etc/systemd/system/ufw.service.d/toa.conf' },
  {
    source: 'units/reader.conf',
    path: '/etc/systemd/system/vtoa.service.d/toa.conf',
    mode: '0644',
    language: 'unit',
    when: { method: ['vtoa'], filter: true },
  },
  { source: 'bpf/toa-bpf', path: `${LIB}/toa-bpf`, mode: '0755', language: 'python', when: { method: ['ebpf'] } },
  { source: 'bpf/toa.bpf', path: `${LIB}/toa.bpf`, mode: '0644', language: 'unit', when: { method: ['ebpf'] } },
  { ...HOOK, path: '/etc/kernel/postinst.d/toa', when: { packageManager: ['apt', 'yum'] } },
  { ...HOOK, path: '/etc/kernel/header_postinst.d/toa', when: { packageManager: ['apt'] } },
  { ...HOOK, path: '/etc/kernel/postrm.d/toa', when: { packageManager: ['apt'] } },
  { ...HOOK, path: '/etc/kernel/prerm.d/toa', when: { packageManager: ['yum'] } },
  { ...HOOK, path: '/etc/kernel/install.d/50-toa.install', when: { packageManager: ['dnf'] } },
  {
    source: 'toa.modules',
    path: '/etc/sysconfig/modules/toa.modules',
    mode: '0755',
    language: 'sh',
    when: { bootFile: 'sysconfig-modules' },
  },
  {
    source: 'module/Makefile',
    path: `${LIB}/module/Makefile`,
    mode: '0644',
    language: 'make',
    when: { method: ['module'] },
  },
  {
    source: 'module/dkms.conf',
    path: `${LIB}/module/dkms.conf`,
    mode: '0644',
    language: 'make',
    when: { method: ['module'] },
  },
  {
    source: 'module/old.h',
    path: `${LIB}/module/old.h`,
    mode: '0644',
    language: 'c',
    when: { method: ['module'], proven: false },
  },
  {
    source: 'module/compat.h',
    path: `${LIB}/module/compat.h`,
    mode: '0644',
    language: 'c',
    when: { method: ['module'] },
  },
  {
    source: 'module/option.h',
    path: `${LIB}/module/option.h`,
    mode: '0644',
    language: 'c',
    when: { method: ['module'] },
  },
  { source: 'module/toa.c', path: `${LIB}/module/toa.c`, mode: '0644', language: 'c', when: { method: ['module'] } },
];
