/** Facts by hand, of machines that are right; a test changes one thing of them. */

import { known } from '../../src/checks/look.ts';
import type { Facts, KernelFacts, Loader, ModuleElf, ModuleFile, RunningFacts } from '../../src/facts/types.ts';
import type { Look } from '../../src/image/types.ts';

const RELEASE = '6.1.0-56-cloud-amd64';
const HASH = 'c1a861558b6ba1f94f5de824a687be85d69c34c865c15d243f1aa8f8bcc3ce89';
const ABSENT: Look<never> = { state: 'absent' };

/** An undamaged module of ours. */
export function elf(changes: Partial<ModuleElf> = {}): ModuleElf {
  return {
    machine: 'x86_64',
    name: 'toa',
    version: '1.0',
    vermagic: `${RELEASE} SMP preempt mod_unload modversions `,
    parameters: ['kinds', 'trusted'],
    signer: null,
    signed: false,
    license: 'GPL v2',
    keepsDataInSocket: null,
    symbols: known([]),
    ...changes,
  };
}

export function moduleFile(changes: Partial<ModuleFile> = {}, elfChanges: Partial<ModuleElf> = {}): ModuleFile {
  return {
    path: `/lib/modules/${RELEASE}/updates/toa/toa.ko`,
    name: 'toa',
    compression: 'none',
    sha256: HASH,
    place: 'updates',
    target: null,
    damage: null,
    elf: known(elf(elfChanges)),
    ...changes,
  };
}

export function kernel(changes: Partial<KernelFacts> = {}): KernelFacts {
  const release = changes.release ?? RELEASE;
  const path = `/lib/modules/${release}/updates/toa/toa.ko`;
  return {
    release,
    image: known({ path: `/boot/vmlinuz-${release}`, size: 8_000_000, release: known(release) }),
    modules: true,
    readers: known([moduleFile({ path }, { vermagic: `${release} SMP preempt mod_unload modversions ` })]),
    index: { text: known([path]), binary: known([path]) },
    builtin: known([]),
    headers: known(`/usr/src/linux-headers-${release}`),
    config: known({ CONFIG_MODULE_SIG: 'y' }),
    ...changes,
  };
}

export function loader(changes: Partial<Loader> = {}): Loader {
  return {
    path: '/etc/systemd/system/toa.service',
    line: 14,
    text: 'ExecStart=/usr/local/sbin/toa-setup load',
    kind: 'unit',
    loads: ['toa'],
    needs: [],
    hindrance: ABSENT,
    ...changes,
  };
}

/** A sealed Debian 12 that toa-bake made. Everything is known of it. */
export function goodFacts(changes: Partial<Facts> = {}): Facts {
  return {
    facts: 1,
    source: { what: 'web.qcow2', kind: 'disk', live: false },
    os: known({
      id: 'debian',
      versionId: '12',
      name: 'Debian GNU/Linux',
      prettyName: 'Debian GNU/Linux 12 (bookworm)',
    }),
    machine: known('x86_64'),
    kernels: known([kernel()]),
    boot: known({
      loader: 'grub2',
      firmware: ['bios', 'uefi'],
      next: known({ release: RELEASE, why: 'the first entry of /boot/grub/grub.cfg' }),
      entries: [{ title: 'Debian GNU/Linux', release: RELEASE, id: 'gnulinux-simple' }],
      commandLine: known('root=/dev/vda1 ro console=ttyS0'),
    }),
    modprobe: known({
      blacklisted: [],
      installs: [],
      options: [
        {
          path: '/etc/modprobe.d/toa.conf',
          line: 1,
          text: 'options toa kinds=254 trusted=198.18.7.0/24',
          module: 'toa',
          parameters: { kinds: '254', trusted: '198.18.7.0/24' },
        },
      ],
    }),
    loaders: known([loader()]),
    setup: {
      env: known({ TOA_TARGET: 'debian-12', TOA_METHOD: 'module', TOA_KINDS: '254' }),
      trusted: known(['198.18.7.0/24']),
      receipt: known({
        result: 'ok',
        step: 'verify',
        code: 0,
        reason: '',
        payload: '9'.repeat(64),
        target: 'debian-12',
        method: 'module',
        kinds: [254],
        trusted: ['198.18.7.0/24'],
        running: RELEASE,
        next: RELEASE,
        kernels: [{ release: RELEASE, module: `/lib/modules/${RELEASE}/updates/toa/toa.ko`, sha256: HASH }],
        verify: { result: 'pass', reason: 'all 4 connections show the right address' },
      }),
      files: known(
        ['/usr/local/sbin/toa-setup', '/usr/local/lib/toa/method.sh', '/usr/local/lib/toa/packages.sh'].map((path) => ({
          path,
          mode: 0o755,
          sha256: HASH,
        })),
      ),
      hooks: known(['/etc/kernel/postinst.d/toa']),
      loading: known([]),
      payload: known('9'.repeat(64)),
    },
    dkms: known([]),
    build: { compiler: known('/usr/bin/gcc'), make: known('/usr/bin/make') },
    packages: known({ manager: 'dpkg', unfinished: known([]), held: known([]) }),
    firewall: known({ files: [], nft: known('1.0.6') }),
    secureBoot: known({ prepared: true, enforcedBy: [] }),
    cloudInit: known({
      version: known('22.4.2'),
      disabled: [],
      instances: [],
      datasources: known(['NoCloud', 'AliYun']),
    }),
    hygiene: {
      hostKeys: known([]),
      machineId: known('empty'),
      authorizedKeys: known([]),
      histories: known([]),
      leftovers: known([]),
    },
    holders: known([]),
    running: ABSENT,
    ...changes,
  };
}

export function running(changes: Partial<RunningFacts> = {}): Look<RunningFacts> {
  return known({
    release: RELEASE,
    machine: 'x86_64',
    commandLine: 'root=/dev/vda1 ro console=ttyS0',
    loaded: known(['toa', 'virtio_net']),
    kinds: known([254]),
    trusted: known(['198.18.7.0/24']),
    stats: known({ syn_recv_sock_toa: 4 }),
    tainted: known(4096),
    lockdown: known('[none] integrity confidentiality'),
    filter: ABSENT,
    programs: ABSENT,
    probe: known({
      result: 'pass',
      reason: 'all 4 connections show the right address',
      cases: [
        {
          name: 'trusted-ipv4',
          source: '198.18.7.77:20002',
          accept: '192.0.2.77:5077',
          getpeername: '192.0.2.77:5077',
          ok: true,
        },
      ],
    }),
    ...changes,
  });
}

/** The same machine while it runs. */
export function liveFacts(changes: Partial<Facts> = {}): Facts {
  return goodFacts({ source: { what: 'local', kind: 'host', live: true }, running: running(), ...changes });
}

const PAGE_PATH = `/lib/modules/${RELEASE}/kernel/net/netfilter/ipvs/toa.ko`;

/** A machine where somebody followed the vendor's page by hand, with packet-filter rules in front. */
export function pageFacts(changes: Partial<Facts> = {}): Facts {
  const good = goodFacts();
  const reader = moduleFile(
    { path: PAGE_PATH, place: 'kernel' },
    { parameters: [], keepsDataInSocket: 'it sets sk_user_data' },
  );
  return {
    ...good,
    kernels: known([
      kernel({ readers: known([reader]), index: { text: known([PAGE_PATH]), binary: known([PAGE_PATH]) } }),
    ]),
    modprobe: known({ blacklisted: [], installs: [], options: [] }),
    loaders: known([
      loader({ path: '/etc/modules-load.d/toa.conf', line: 1, text: 'toa', kind: 'modules-load.d' }),
      loader({
        path: '/etc/rc.local',
        line: 3,
        text: `insmod /lib/modules/\`uname -r\`/kernel/net/netfilter/ipvs/toa.ko`,
        kind: 'rc.local',
        loads: ['/lib/modules/`uname -r`/kernel/net/netfilter/ipvs/toa.ko'],
        needs: ['/lib/modules/$(uname -r)/kernel/net/netfilter/ipvs/toa.ko'],
      }),
    ]),
    setup: {
      env: ABSENT,
      trusted: ABSENT,
      receipt: ABSENT,
      files: known([]),
      hooks: known([]),
      loading: ABSENT,
      payload: ABSENT,
    },
    dkms: known([
      {
        name: 'toa-vendor',
        version: '1.0',
        source: true,
        builds: ['toa'],
        builtFor: [RELEASE],
        installedFor: [RELEASE],
        automatic: true,
      },
    ]),
    firewall: known({
      files: [
        {
          path: '/etc/nftables.conf',
          line: 7,
          text: 'tcp option 254 exists ip saddr != @trusted reset tcp option 254',
        },
      ],
      nft: known('1.0.6'),
    }),
    ...changes,
  };
}
