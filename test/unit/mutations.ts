/** One fault of a machine each, and everything that it raises. */

import { known } from '../../src/checks/look.ts';
import type {
  BootFacts,
  Facts,
  KernelFacts,
  ModprobeFacts,
  ModuleElf,
  ModuleFile,
  RunningFacts,
} from '../../src/facts/types.ts';
import type { Look } from '../../src/image/types.ts';
import { goodFacts, kernel, liveFacts, loader, moduleFile, pageFacts, running } from '../support/facts.ts';

export interface Mutation {
  readonly name: string;
  readonly facts: Facts;
  /** What is not as it should be then: severity or `unknown`, and code. */
  readonly raises: readonly string[];
  readonly spec?: string;
}

const ABSENT: Look<never> = { state: 'absent' };
const RELEASE = kernel().release;
const OLD = '6.1.0-50-cloud-amd64';
const OURS = `/lib/modules/${RELEASE}/updates/toa/toa.ko`;

function must<T>(look: Look<T>): T {
  if (look.state !== 'known') throw new Error('the fixture knows it');
  return look.value;
}

const withKernel = (changes: Partial<KernelFacts>): Facts => goodFacts({ kernels: known([kernel(changes)]) });
const withModule = (changes: Partial<ModuleFile>, elf: Partial<ModuleElf> = {}): Facts =>
  withKernel({ readers: known([moduleFile(changes, elf)]) });
const withBoot = (changes: Partial<BootFacts>): Facts =>
  goodFacts({ boot: known({ ...must(goodFacts().boot), ...changes }) });
const withModprobe = (changes: Partial<ModprobeFacts>, base = goodFacts()): Facts => ({
  ...base,
  modprobe: known({ ...must(base.modprobe), ...changes }),
});
const withSetup = (changes: Partial<Facts['setup']>): Facts =>
  goodFacts({ setup: { ...goodFacts().setup, ...changes } });
const withHygiene = (changes: Partial<Facts['hygiene']>): Facts =>
  goodFacts({ hygiene: { ...goodFacts().hygiene, ...changes } });
const withReceipt = (changes: Partial<ReturnType<typeof receipt>>): Facts =>
  withSetup({ receipt: known({ ...receipt(), ...changes }) });
const receipt = () => must(goodFacts().setup.receipt);
const options = (kinds: string, trusted: string): ModprobeFacts['options'] => [
  {
    path: '/etc/modprobe.d/toa.conf',
    line: 1,
    text: `options toa kinds=${kinds} trusted=${trusted}`,
    module: 'toa',
    parameters: { kinds, trusted },
  },
];
const line = (text: string) => ({ path: '/etc/modprobe.d/x.conf', line: 1, text, module: 'toa' });
const spec = (text: string): string => `version: 1\ntargets: [debian-12]\n${text}`;

const nft = (text: string, version: Look<string>): Facts =>
  goodFacts({ firewall: known({ files: [{ path: '/etc/nftables.conf', line: 9, text }], nft: version }) });

const FILTER: readonly string[] = ['/usr/local/lib/toa/filter.sh', '/etc/systemd/system/toa-filter.service'];

/** A running machine whose reader has no list, and what is there of the packet filter that has one. */
function withFilter({
  left = FILTER,
  loaded = 'table inet toa { # progname nft\n\tflags owner\n',
}: {
  readonly left?: readonly string[];
  readonly loaded?: string;
} = {}): Facts {
  const { setup } = goodFacts();
  const files = left.map((path) => ({ path, mode: 0o644, sha256: '0'.repeat(64) }));
  return liveFacts({
    kernels: known([kernel({ readers: known([moduleFile({}, { parameters: ['kinds'] })]) })]),
    modprobe: known({ blacklisted: [], installs: [], options: [] }),
    running: running({ filter: known(loaded) }),
    setup: {
      ...setup,
      env: known({ ...must(setup.env), TOA_UNTRUSTED: 'strip', TOA_BOOT_FILE: 'systemd-unit' }),
      files: known([...must(setup.files), ...files]),
    },
  });
}

const OBJECT = '/usr/local/lib/toa/toa.bpf';

/** A running machine of method ebpf: no module, no headers, programs in place. */
export function programFacts(changes: Partial<Facts['setup']> = {}, now: Partial<RunningFacts> = {}): Facts {
  const { setup } = goodFacts();
  const files = ['/usr/local/lib/toa/toa-bpf', OBJECT].map((path) => ({ path, mode: 0o755, sha256: 'a'.repeat(64) }));
  const kernels = [{ release: RELEASE, module: OBJECT, sha256: 'a'.repeat(64) }];
  return liveFacts({
    kernels: known([kernel({ readers: known([]), headers: ABSENT, index: { text: known([]), binary: known([]) } })]),
    modprobe: known({ blacklisted: [], installs: [], options: [] }),
    build: { compiler: ABSENT, make: ABSENT },
    setup: {
      ...setup,
      env: known({ TOA_TARGET: 'debian-12', TOA_METHOD: 'ebpf', TOA_KINDS: '254' }),
      files: known([...must(setup.files), ...files]),
      receipt: known({ ...receipt(), method: 'ebpf', kernels }),
      ...changes,
    },
    running: running({
      ...{ loaded: known([]), kinds: ABSENT, trusted: ABSENT, stats: ABSENT },
      programs: known({ loaded: true, remarks: [] }),
      ...now,
    }),
  });
}

const PROGRAMS: readonly Mutation[] = [
  {
    name: 'programs that are not loaded',
    facts: programFacts({}, { programs: known({ loaded: false, remarks: ['not pinned'] }) }),
    raises: ['error running/programs'],
  },
  {
    name: 'programs beside those of somebody else',
    facts: programFacts({}, { programs: known({ loaded: true, remarks: ['program 7 runs after it'] }) }),
    raises: ['warning running/programs'],
  },
  {
    name: 'programs without their loader, which nobody could ask',
    facts: programFacts({}, { programs: { state: 'unknown', why: 'no program can be run there' } }),
    raises: ['unknown running/programs'],
  },
  {
    name: 'programs that nothing loads at boot',
    facts: { ...programFacts(), loaders: known([]) },
    raises: ['error boot/file-missing'],
  },
  {
    name: 'another object than was installed',
    facts: programFacts({
      receipt: known({
        ...receipt(),
        method: 'ebpf',
        kernels: [{ release: RELEASE, module: OBJECT, sha256: 'b'.repeat(64) }],
      }),
    }),
    raises: ['error receipt/contradicts'],
  },
  {
    name: 'the object is gone',
    facts: programFacts({ files: goodFacts().setup.files }),
    raises: ['error receipt/contradicts', 'error setup/incomplete'],
  },
];

export const MUTATIONS: readonly Mutation[] = [
  ...PROGRAMS,
  {
    name: 'an empty directory',
    facts: goodFacts({ os: ABSENT, kernels: known([]), boot: ABSENT }),
    raises: ['unknown image/unreadable'],
  },
  { name: 'no os-release', facts: goodFacts({ os: ABSENT }), raises: ['unknown image/unreadable'] },
  {
    name: 'no kernel at all',
    facts: goodFacts({ kernels: known([]), boot: ABSENT }),
    raises: ['error kernel/missing'],
  },
  {
    name: 'no kernel, and nobody claims one',
    facts: goodFacts({ kernels: ABSENT, boot: ABSENT }),
    raises: ['error kernel/missing'],
  },
  {
    name: 'two kernels and no boot loader',
    facts: goodFacts({ kernels: known([kernel({ release: OLD }), kernel()]), boot: ABSENT }),
    raises: [
      'unknown boot/default-unknown',
      'unknown boot/other-module',
      'unknown kernel/hold',
      'unknown kernel/image',
      'unknown module/missing-default',
      'unknown module/missing-other',
      'unknown option/unknown',
      'unknown rebuild/compiler',
      'unknown rebuild/headers',
      'unknown rebuild/hook',
      'unknown trust/missing',
      'unknown trust/unfiltered',
    ],
  },
  { name: 'one kernel and no boot loader', facts: goodFacts({ boot: ABSENT }), raises: [] },
  {
    name: 'no boot image but a unified one',
    facts: { ...withKernel({ image: ABSENT }), boot: withBoot({ loader: 'uki' }).boot },
    raises: [],
  },
  {
    name: 'the boot loader starts a file that is not there',
    facts: withBoot({ next: known({ release: RELEASE, why: 'grub.cfg', missing: `/boot/vmlinuz-${RELEASE}` }) }),
    raises: ['error kernel/image'],
  },
  { name: 'the boot image has a name of its own', facts: withKernel({ image: ABSENT }), raises: [] },
  {
    name: "another kernel's boot image",
    facts: withKernel({ image: known({ path: `/boot/vmlinuz-${RELEASE}`, size: 1, release: known(OLD) }) }),
    raises: ['error kernel/image'],
  },
  {
    name: 'no module for the kernel that boots next',
    facts: withKernel({ readers: known([]), index: { text: known([]), binary: known([]) } }),
    raises: ['error module/missing-default'],
  },
  {
    name: 'the boot loader takes a kernel that is not installed',
    facts: withBoot({ next: known({ release: OLD, why: 'grubenv' }) }),
    raises: ['error module/missing-default'],
  },
  {
    name: 'an old kernel without a module',
    facts: goodFacts({ kernels: known([kernel({ release: OLD, readers: known([]) }), kernel()]) }),
    raises: ['warning module/missing-other'],
  },
  {
    name: 'a truncated module',
    facts: withModule({
      damage: 'it ends within its section headers',
      elf: { state: 'unknown', why: 'it is damaged' },
    }),
    raises: ['error module/corrupt'],
  },
  {
    name: 'a link to nowhere',
    facts: withModule({ target: '/nowhere', elf: ABSENT }),
    raises: ['error module/corrupt'],
  },
  { name: 'a module for arm64', facts: withModule({}, { machine: 'arm64' }), raises: ['error module/arch'] },
  {
    name: 'a module of another kernel',
    facts: withModule({}, { vermagic: `${OLD} SMP preempt mod_unload ` }),
    raises: ['error module/vermagic'],
  },
  {
    name: 'a module of another kernel with symbol versions, and nothing to compare them with',
    facts: withModule({}, { vermagic: `${OLD} SMP preempt mod_unload modversions `, symbols: ABSENT }),
    raises: ['error module/vermagic'],
  },
  {
    name: 'a module of another kernel whose symbol versions fit: weak-updates',
    facts: withModule({}, { vermagic: `${OLD} SMP preempt mod_unload modversions ` }),
    raises: [],
  },
  {
    name: 'an old kernel with a module of the new one',
    facts: goodFacts({
      kernels: known([
        kernel({
          release: OLD,
          readers: known([
            moduleFile({ path: `/lib/modules/${OLD}/updates/toa/toa.ko` }, { vermagic: `${RELEASE} SMP ` }),
          ]),
        }),
        kernel(),
      ]),
    }),
    raises: ['warning module/vermagic'],
  },
  { name: 'a module of another name', facts: withModule({}, { name: 'toa2' }), raises: ['error module/name'] },
  {
    name: 'a symbol that the kernel lacks',
    facts: withModule({}, { symbols: known([{ symbol: 'tcp_conn_request', problem: 'missing' }]) }),
    raises: ['error module/symbols'],
  },
  {
    name: 'a second copy',
    facts: withKernel({
      readers: known([
        moduleFile(),
        moduleFile({ path: `/lib/modules/${RELEASE}/kernel/net/toa.ko`, place: 'kernel' }),
      ]),
    }),
    raises: ['warning module/shadowed'],
  },
  {
    name: 'a second copy that comes before ours',
    facts: withKernel({
      readers: known([moduleFile({ path: `/lib/modules/${RELEASE}/updates/dkms/toa.ko` }), moduleFile()]),
      index: {
        text: known([`/lib/modules/${RELEASE}/updates/dkms/toa.ko`]),
        binary: known([`/lib/modules/${RELEASE}/updates/dkms/toa.ko`]),
      },
    }),
    raises: ['error module/shadowed'],
  },
  {
    name: 'depmod was not run',
    facts: withKernel({ index: { text: known([]), binary: known([]) } }),
    raises: ['error module/stale-index'],
  },
  {
    name: 'only the binary index is old',
    facts: withKernel({ index: { text: known([OURS]), binary: known([`/lib/modules/${RELEASE}/extra/toa.ko`]) } }),
    raises: ['error module/stale-index'],
  },
  {
    name: 'there is no index',
    facts: withKernel({ index: { text: ABSENT, binary: ABSENT } }),
    raises: ['error module/stale-index'],
  },
  {
    name: 'there is no index, and who loads it needs none',
    facts: {
      ...withKernel({ index: { text: ABSENT, binary: ABSENT } }),
      loaders: known([loader({ path: '/etc/rc.local', text: `insmod ${OURS}`, kind: 'rc.local', loads: [OURS] })]),
    },
    raises: ['warning module/stale-index'],
  },
  {
    name: 'the kernel wants signatures',
    facts: withKernel({ config: known({ CONFIG_MODULE_SIG_FORCE: 'y' }) }),
    raises: ['error module/unsigned'],
  },
  {
    name: 'module.sig_enforce on the command line',
    facts: goodFacts({
      secureBoot: known({
        prepared: true,
        enforcedBy: [{ path: '/boot/grub/grub.cfg', line: 9, text: 'module.sig_enforce' }],
      }),
    }),
    raises: ['error module/unsigned'],
  },
  {
    name: 'the running kernel is locked down',
    facts: liveFacts({ running: running({ lockdown: known('none [integrity] confidentiality') }) }),
    raises: ['error module/unsigned'],
  },
  {
    name: 'signed, under lockdown: the key is the firmware’s business',
    facts: {
      ...withModule({}, { signed: true, signer: 'Example' }),
      secureBoot: known({ prepared: true, enforcedBy: [{ path: '/x', line: 1, text: 'lockdown=integrity' }] }),
    },
    raises: ['unknown module/unsigned'],
  },
  {
    name: 'signed, and loaded by a kernel that is locked down',
    facts: {
      ...withModule({}, { signed: true, signer: 'Example' }),
      running: running({ lockdown: known('integrity') }),
    },
    raises: [],
  },
  {
    name: 'signed, and not loaded under lockdown',
    facts: {
      ...withModule({}, { signed: true, signer: 'Example' }),
      running: running({ lockdown: known('integrity'), loaded: known([]) }),
    },
    raises: ['error running/not-loaded', 'unknown module/unsigned'],
  },
  {
    name: 'unsigned, and no configuration says whether that is allowed',
    facts: withKernel({ config: ABSENT }),
    raises: ['unknown module/unsigned'],
  },
  {
    name: 'toa and vtoa at boot',
    facts: goodFacts({
      kernels: known([
        kernel({
          readers: known([
            moduleFile(),
            moduleFile({ name: 'vtoa', path: `/lib/modules/${RELEASE}/extra/vtoa.ko` }, { name: 'vtoa' }),
          ]),
        }),
      ]),
      loaders: known([
        loader(),
        loader({ path: '/etc/modules-load.d/vtoa.conf', text: 'vtoa', kind: 'modules-load.d', loads: ['vtoa'] }),
      ]),
    }),
    raises: ['error reader/two-active'],
  },
  {
    name: 'toa and vtoa in the running kernel',
    facts: liveFacts({ running: running({ loaded: known(['toa', 'vtoa']) }) }),
    raises: ['error reader/two-active'],
  },
  {
    name: 'sk_user_data and kTLS',
    facts: {
      ...withModule({}, { keepsDataInSocket: 'it calls sk_user_data' }),
      holders: known([{ path: '/etc/modules-load.d/tls.conf', line: 1, text: 'tls' }]),
    },
    raises: ['error reader/socket-data'],
  },
  { name: 'nothing loads it', facts: goodFacts({ loaders: known([]) }), raises: ['error boot/file-missing'] },
  {
    name: 'nothing loads it, and nothing has to',
    facts: goodFacts({ loaders: known([]), kernels: known([kernel({ builtin: known(['toa']) })]) }),
    raises: [],
  },
  ...(['unread', 'not-executable', 'not-enabled'] as const).flatMap((kind): readonly Mutation[] => {
    const code = kind === 'not-enabled' ? 'boot/not-enabled' : `boot/file-${kind}`;
    const dead = loader({ path: '/etc/sysconfig/modules/toa.modules', hindrance: known({ kind, why: 'so it is' }) });
    return [
      { name: `the boot file is ${kind}`, facts: goodFacts({ loaders: known([dead]) }), raises: [`error ${code}`] },
      {
        name: `a boot file besides the one that works is ${kind}`,
        facts: goodFacts({ loaders: known([loader(), dead]) }),
        raises: [`warning ${code}`],
      },
    ];
  }),
  {
    name: "the boot file names the old kernel's module",
    facts: goodFacts({
      loaders: known([
        loader({
          kind: 'rc.local',
          text: 'insmod',
          path: '/etc/rc.local',
          loads: [`/lib/modules/${OLD}/updates/toa/toa.ko`],
        }),
      ]),
    }),
    raises: ['error boot/other-module'],
  },
  {
    name: 'the boot file asks for a path that only its shell knows',
    facts: goodFacts({
      loaders: known([
        loader({
          kind: 'rc.local',
          text: 'insmod',
          path: '/etc/rc.local',
          loads: ['/lib/modules/$KERNEL/updates/toa/toa.ko'],
        }),
      ]),
    }),
    raises: ['unknown boot/other-module'],
  },
  {
    name: 'a load never came back',
    facts: withSetup({ loading: known([RELEASE]) }),
    raises: ['error boot/load-crashed'],
  },
  {
    name: 'a load on another kernel never came back',
    facts: withSetup({ loading: known([OLD]) }),
    raises: ['warning boot/load-crashed'],
  },
  {
    name: 'a part of toa-setup was changed',
    facts: withSetup({
      files: known(must(goodFacts().setup.files).map((file) => ({ ...file, installed: 'f'.repeat(64) }))),
    }),
    raises: ['error setup/incomplete'],
  },
  { name: 'toa-setup is gone', facts: withSetup({ files: known([]) }), raises: ['error setup/incomplete'] },
  {
    name: 'blacklisted, which modprobe by name ignores',
    facts: withModprobe({ blacklisted: [line('blacklist toa')] }),
    raises: ['warning modprobe/blacklisted'],
  },
  {
    name: 'blacklisted for systemd-modules-load',
    facts: withModprobe(
      { blacklisted: [line('blacklist toa')] },
      goodFacts({
        loaders: known([loader({ kind: 'modules-load.d', path: '/etc/modules-load.d/toa.conf', text: 'toa' })]),
      }),
    ),
    raises: ['error modprobe/blacklisted'],
  },
  {
    name: 'refused by the kernel itself',
    facts: withBoot({ commandLine: known('ro module_blacklist=floppy,toa quiet') }),
    raises: ['error modprobe/blacklisted'],
  },
  {
    name: 'an install line',
    facts: withModprobe({ installs: [line('install toa /bin/false')] }),
    raises: ['error modprobe/install-line'],
  },
  {
    name: 'another kind in modprobe.d',
    facts: withModprobe({ options: options('253', '198.18.7.0/24') }),
    raises: ['error option/kind'],
  },
  {
    name: 'another kind than the spec says',
    facts: goodFacts(),
    spec: spec('trust: [198.18.7.0/24]\noption: {kinds: [200]}\n'),
    raises: ['error option/kind'],
  },
  {
    name: 'another kind in the running kernel',
    facts: liveFacts({ running: running({ kinds: known([200]) }) }),
    raises: ['error option/kind'],
  },
  {
    name: 'another kind on the command line',
    facts: withBoot({ commandLine: known('ro toa.kinds=253') }),
    raises: ['error option/kind'],
  },
  {
    name: 'the kind is compiled in',
    facts: {
      ...withModule({}, { parameters: ['trusted'] }),
      modprobe: known({ blacklisted: [], installs: [], options: [] }),
      setup: { ...goodFacts().setup, env: known({ TOA_TARGET: 'debian-12' }) },
    },
    raises: ['unknown option/kind'],
  },
  {
    name: 'a misspelt parameter',
    facts: withModprobe({
      options: [
        ...must(goodFacts().modprobe).options,
        { ...line('options toa kind=200'), parameters: { kind: '200' } },
      ],
    }),
    raises: ['warning option/unknown'],
  },
  {
    name: 'nobody is trusted',
    facts: {
      ...withModprobe({ options: [] }),
      setup: { ...goodFacts().setup, trusted: ABSENT, receipt: known({ ...receipt(), trusted: [] }) },
    },
    raises: ['error trust/missing'],
  },
  {
    name: 'everybody is trusted',
    facts: {
      ...withModprobe({ options: options('254', 'any') }),
      setup: { ...goodFacts().setup, trusted: known(['any']), receipt: known({ ...receipt(), trusted: ['any'] }) },
    },
    raises: ['warning trust/any'],
  },
  {
    name: 'everybody is trusted, as the spec says',
    facts: {
      ...withModprobe({ options: options('254', 'any') }),
      setup: { ...goodFacts().setup, trusted: known(['0.0.0.0/0']) },
    },
    spec: spec('trust: any\n'),
    raises: [],
  },
  {
    name: 'another network is trusted',
    facts: withSetup({ trusted: known(['198.18.7.0/24', '203.0.113.0/24']) }),
    raises: ['error trust/differs'],
  },
  {
    name: 'the same networks in another spelling',
    facts: {
      ...withModprobe({ options: [] }),
      setup: { ...goodFacts().setup, trusted: known(['2001:DB8:0::/32', '198.18.7.0/24']) },
    },
    spec: spec('trust: [198.18.7.0/24, "2001:db8::/32"]\n'),
    raises: [],
  },
  {
    name: 'a reader that believes everybody',
    facts: pageFacts({ firewall: known({ files: [], nft: known('1.0.6') }) }),
    raises: ['unknown option/kind', 'unknown trust/differs', 'warning trust/unfiltered'],
  },
  { name: 'a reader that believes everybody, and our packet filter', facts: withFilter(), raises: [] },
  {
    name: 'our packet filter without the unit that loads it',
    facts: withFilter({ left: FILTER.filter((path) => !path.endsWith('.service')) }),
    raises: ['warning trust/unfiltered'],
  },
  {
    name: 'our packet filter, not in force',
    facts: withFilter({ loaded: 'table inet user {\n\ttcp option maxseg size set 1400\n}\n' }),
    raises: ['error firewall/not-loaded'],
  },
  {
    name: 'a reader of somebody else’s where ours was, with its kinds in modprobe.d',
    facts: {
      ...withModule({}, { parameters: ['kinds'] }),
      modprobe: known({ blacklisted: [], installs: [], options: [] }),
    },
    raises: ['warning trust/unfiltered'],
  },
  {
    name: 'rules that an old nft does not know',
    facts: nft('tcp option 254 exists ip saddr != @trusted reset tcp option 254', known('0.9.8')),
    raises: ['error firewall/unparsable'],
  },
  {
    name: 'rules on which an nft crashes',
    facts: nft('tcp option 254 length 8 drop', known('1.0.9')),
    raises: ['error firewall/unparsable'],
  },
  {
    name: 'rules and no nft',
    facts: nft('tcp option 254 exists drop', ABSENT),
    raises: ['error firewall/unparsable'],
  },
  { name: 'rules that it knows', facts: nft('tcp option 254 exists reset tcp option 254', known('1.0.6')), raises: [] },
  {
    name: 'rules that are not in force',
    facts: liveFacts({
      firewall: known({
        files: [{ path: '/etc/nftables.conf', line: 9, text: 'tcp option 254 exists drop' }],
        nft: known('1.0.6'),
      }),
    }),
    raises: ['error firewall/not-loaded'],
  },
  {
    name: 'no compiler',
    facts: goodFacts({ build: { ...goodFacts().build, compiler: ABSENT } }),
    raises: ['warning rebuild/compiler'],
  },
  {
    name: 'no make',
    facts: goodFacts({ build: { ...goodFacts().build, make: ABSENT } }),
    raises: ['warning rebuild/compiler'],
  },
  { name: 'no headers', facts: withKernel({ headers: ABSENT }), raises: ['warning rebuild/headers'] },
  { name: 'no hook', facts: withSetup({ hooks: known([]) }), raises: ['warning rebuild/hook'] },
  {
    name: 'no hook, and the kernel is held',
    facts: {
      ...withSetup({ hooks: known([]) }),
      packages: known({
        manager: 'dpkg',
        unfinished: known([]),
        held: known([{ path: '/var/lib/dpkg/status', line: 1, text: 'linux-image-cloud-amd64' }]),
      }),
    },
    raises: [],
  },
  {
    name: 'held, though the spec says rebuild',
    facts: goodFacts({
      packages: known({
        manager: 'dpkg',
        unfinished: known([]),
        held: known([{ path: '/var/lib/dpkg/status', line: 1, text: 'linux-image-cloud-amd64' }]),
      }),
    }),
    spec: spec('trust: [198.18.7.0/24]\n'),
    raises: ['warning kernel/hold'],
  },
  {
    name: "the reader is inside of a vendor's kernel, which nothing holds",
    facts: {
      ...withModule({ path: `/lib/modules/${RELEASE}/kernel/net/toa/toa.ko`, place: 'kernel' }),
      ...{ setup: { ...goodFacts().setup, hooks: known([]), receipt: known({ ...receipt(), kernels: [] }) } },
      kernels: known([
        kernel({
          readers: known([moduleFile({ path: `/lib/modules/${RELEASE}/kernel/net/toa/toa.ko`, place: 'kernel' })]),
          index: {
            text: known([`/lib/modules/${RELEASE}/kernel/net/toa/toa.ko`]),
            binary: known([`/lib/modules/${RELEASE}/kernel/net/toa/toa.ko`]),
          },
        }),
      ]),
    },
    raises: ['warning kernel/hold'],
  },
  {
    name: 'the module is not where it was installed',
    facts: withKernel({
      readers: known([moduleFile({ path: `/lib/modules/${RELEASE}/extra/toa.ko`, place: 'extra' })]),
      index: {
        text: known([`/lib/modules/${RELEASE}/extra/toa.ko`]),
        binary: known([`/lib/modules/${RELEASE}/extra/toa.ko`]),
      },
    }),
    raises: ['error receipt/contradicts'],
  },
  {
    name: 'the module is not the one that was installed',
    facts: withModule({ sha256: '0'.repeat(64) }),
    raises: ['error receipt/contradicts'],
  },
  {
    name: 'the module is too large to be read',
    facts: withModule({ sha256: '', elf: { state: 'unknown', why: 'it is larger than 33554432 bytes' } }),
    raises: [
      'module/arch',
      'module/corrupt',
      'module/name',
      'module/symbols',
      'module/unsigned',
      'module/vermagic',
      'option/unknown',
      'reader/socket-data',
      'receipt/contradicts',
      'trust/missing',
      'trust/unfiltered',
    ].map((code) => `unknown ${code}`),
  },
  {
    name: 'the receipt has a path of another kernel',
    facts: withReceipt({ kernels: receipt().kernels.map((one) => ({ ...one, release: OLD })) }),
    raises: ['error receipt/contradicts'],
  },
  {
    name: 'the receipt is of another payload',
    facts: withSetup({ payload: known('8'.repeat(64)) }),
    raises: ['error receipt/contradicts'],
  },
  {
    name: 'the receipt is of another distribution',
    facts: withReceipt({ target: 'debian-13' }),
    raises: ['error receipt/contradicts'],
  },
  {
    name: 'the last run failed',
    facts: withReceipt({ result: 'failed', step: 'build', reason: 'no space' }),
    raises: ['error receipt/failed'],
  },
  {
    name: 'the reader was never tried',
    facts: withReceipt({ result: 'unknown', verify: { result: 'unknown', reason: 'no Python' } }),
    raises: ['unknown receipt/failed'],
  },
  {
    name: 'a package is half installed',
    facts: goodFacts({
      packages: known({ manager: 'dpkg', unfinished: known(['linux-image-amd64: half-configured']), held: known([]) }),
    }),
    raises: ['error packages/half-installed'],
  },
  {
    name: 'host keys',
    facts: withHygiene({ hostKeys: known(['/etc/ssh/ssh_host_rsa_key']) }),
    raises: ['warning image/host-keys'],
  },
  { name: 'a machine id', facts: withHygiene({ machineId: known('set') }), raises: ['warning image/machine-id'] },
  {
    name: 'no machine id file',
    facts: withHygiene({ machineId: known('missing') }),
    raises: ['warning image/machine-id'],
  },
  {
    name: 'authorized keys',
    facts: withHygiene({ authorizedKeys: known(['/root/.ssh/authorized_keys']) }),
    raises: ['warning image/authorized-keys'],
  },
  {
    name: 'a history',
    facts: withHygiene({ histories: known(['/root/.bash_history']) }),
    raises: ['warning image/history'],
  },
  {
    name: 'state of another instance',
    facts: goodFacts({ cloudInit: known({ ...must(goodFacts().cloudInit), instances: ['i-1'] }) }),
    raises: ['warning image/instance-state'],
  },
  { name: 'leftovers', facts: withHygiene({ leftovers: known(['/tmp/packer']) }), raises: ['warning image/leftovers'] },
  {
    name: 'not loaded',
    facts: liveFacts({ running: running({ loaded: known(['virtio_net']) }) }),
    raises: ['error running/not-loaded'],
  },
  {
    name: 'the probe fails',
    facts: liveFacts({
      running: running({ probe: known({ result: 'fail', reason: 'accept() shows the scrubber', cases: [] }) }),
    }),
    raises: ['error running/probe'],
  },
  {
    name: 'the probe could not look',
    facts: liveFacts({ running: running({ probe: known({ result: 'unknown', reason: 'no TUN device', cases: [] }) }) }),
    raises: ['unknown running/probe'],
  },
];
