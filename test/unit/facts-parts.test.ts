import { expect, test } from 'vitest';
import { collect } from '../../src/facts/collect.ts';
import { parseReceipt } from '../../src/facts/receipt.ts';
import { parseFacts } from '../../src/facts/saved.ts';
import type { Facts } from '../../src/facts/types.ts';
import { Unreadable } from '../../src/image/look.ts';
import type { Reader } from '../../src/image/types.ts';
import { type Piece, spoilt, treeReader } from '../support/tree.ts';

type Files = Readonly<Record<string, Piece>>;

const HASH = 'a'.repeat(64);
const RECEIPT = {
  receipt: 1,
  result: 'ok',
  step: 'load',
  code: 0,
  reason: '',
  hint: '',
  payload: HASH,
  target: 'debian-12',
  method: 'module',
  kinds: [254],
  trusted: ['203.0.113.0/24'],
  running: '6.1.0',
  next: '6.1.0',
  kernels: [{ release: '6.1.0', module: '/lib/modules/6.1.0/updates/toa/toa.ko', sha256: HASH }],
  verify: { result: 'pass', reason: 'all' },
};

/** A machine that has something of everything that is looked at. */
const MACHINE: Files = {
  'etc/os-release': 'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\nPRETTY_NAME="Debian 12"\n',
  'bin/sh': Buffer.from('7f454c460201010000000000000000000300 3e00'.replace(' ', ''), 'hex'),
  'lib/modules/6.1.0/kernel/net/x.ko': '',
  'lib/modules/6.1.0/updates/toa/toa.ko': 'not a module',
  'lib/modules/6.1.0/modules.dep': 'updates/toa/toa.ko:\n',
  'lib/modules/6.1.0/modules.dep.bin': '',
  'lib/modules/6.1.0/modules.builtin': 'kernel/net/toa/vtoa.ko\n',
  'boot/vmlinuz-6.1.0': Buffer.alloc(70_000),
  'boot/config-6.1.0': 'CONFIG_MODULE_SIG=y\n',
  'boot/grub/grub.cfg': 'menuentry x {\n linux /vmlinuz-6.1.0 lockdown=integrity cloud-init=disabled\n}\n',
  'boot/efi/EFI/debian/shimx64.efi': '',
  'etc/modprobe.d/a.conf':
    'blacklist toa\ninstall vtoa /bin/true\noptions toa kinds=254,200 \\\n  trusted="10.0.0.0/8"\nalias toa off\noptions loop x=1\n',
  'etc/modprobe.d/b.conf': { link: '/dev/null' },
  'usr/lib/modprobe.d/b.conf': 'blacklist vtoa\n',
  'etc/toa/toa.env': "TOA_TARGET='debian-12'\nTOA_KINDS='254'\n",
  'etc/toa/trusted': '203.0.113.0/24\n# no\n2001:db8::/32\n',
  'var/lib/toa/receipt.json': JSON.stringify(RECEIPT),
  'var/lib/toa/loading.6.1.0': '',
  'usr/local/lib/toa/payload.sha256': `${HASH}\n`,
  'usr/local/sbin/toa-setup': { run: '#!/bin/sh\n' },
  'etc/kernel/postinst.d/toa': { run: '#!/bin/sh\n' },
  'etc/kernel/postrm.d/toa': '#!/bin/sh\n',
  'var/lib/dkms/toa/1.2/source': { link: '/usr/src/toa-1.2' },
  'var/lib/dkms/toa/1.2/6.1.0/x86_64/module/toa.ko': '',
  'var/lib/dkms/toa/kernel-6.1.0-x86_64': { link: '1.2/6.1.0/x86_64' },
  'usr/src/toa-1.2/dkms.conf': 'PACKAGE_NAME="toa"\nBUILT_MODULE_NAME[0]="$PACKAGE_NAME"\nAUTOINSTALL="yes"\n',
  'usr/sbin/dkms': { run: '' },
  'etc/kernel/postinst.d/dkms': { run: '' },
  'usr/bin/gcc-12': { run: '' },
  'usr/bin/gcc': { link: 'gcc-12' },
  'usr/bin/make': { run: '' },
  'var/lib/dpkg/status': [
    'Package: linux-image-amd64\nStatus: hold ok installed\nVersion: 6',
    'Package: vim\nStatus: hold ok installed',
    'Package: broken\nStatus: install ok half-configured',
    'Package: gone\nStatus: deinstall ok config-files',
  ].join('\n\n'),
  'etc/apt/preferences.d/kernel': 'Explanation: no\nPackage: linux-image-*\nPin: version 6.1*\nPin-Priority: 1001\n',
  'etc/nftables.conf': 'table inet toa {\n # tcp option 1\n tcp option 254 exists reset tcp option 254\n}\n',
  'usr/sbin/nft': 'ELF\0usage\x001.0.6\0more',
  'usr/bin/cloud-init': { run: '' },
  'usr/lib/python3/dist-packages/cloudinit/version.py': '__VERSION__ = "22.4.2"\n',
  'etc/cloud/cloud.cfg': 'users:\n - default\n',
  'etc/cloud/cloud.cfg.d/90.cfg': 'datasource_list: [ NoCloud, "AliYun" ]\n',
  'etc/cloud/cloud-init.disabled': '',
  'var/lib/cloud/instances/i-1/x': '',
  'etc/passwd': 'root:x:0:0:r:/root:/bin/bash\nsrv:x:1:1::/srv/app:/bin/sh\nno:x:2:2::/nonexistent:/usr/sbin/nologin\n',
  'etc/ssh/ssh_host_rsa_key': 'key',
  'etc/ssh/ssh_host_rsa_key.pub': 'key',
  'etc/machine-id': 'uninitialized\n',
  'srv/app/.ssh/authorized_keys': 'ssh-rsa x\n',
  'root/.ssh/authorized_keys': '',
  'home/u/.bash_history': 'ls\n',
  'var/lib/toa/work/x.c': '',
  'tmp/script_123.sh': '',
  'etc/nginx/nginx.conf': 'http {\n ssl_conf_command Options KTLS;\n}\n',
  'opt/cni/bin/cilium-cni': '',
  'etc/modules-load.d/tls.conf': 'tls\n',
  'usr/lib/systemd/systemd': '',
};

test('everything that is there is found', async () => {
  const facts = await collect(treeReader(MACHINE));
  const known = <T>(value: T): object => ({ state: 'known', value });
  expect(facts).toMatchObject({
    os: known({ id: 'debian', versionId: '12', name: 'Debian GNU/Linux', prettyName: 'Debian 12' }),
    machine: known('x86_64'),
    modprobe: known({
      blacklisted: [
        { path: '/etc/modprobe.d/a.conf', line: 1, module: 'toa' },
        { path: '/etc/modprobe.d/a.conf', line: 5, module: 'toa' },
      ],
      installs: [{ line: 2, module: 'vtoa' }],
      options: [{ line: 4, module: 'toa', parameters: { kinds: '254,200', trusted: '10.0.0.0/8' } }],
    }),
    setup: {
      env: known({ TOA_TARGET: 'debian-12', TOA_KINDS: '254' }),
      trusted: known(['203.0.113.0/24', '2001:db8::/32']),
      receipt: known({ target: 'debian-12', kinds: [254] }),
      hooks: known(['/etc/kernel/postinst.d/toa']),
      loading: known(['6.1.0']),
      payload: known(HASH),
    },
    dkms: known([
      {
        name: 'toa',
        version: '1.2',
        builds: ['toa'],
        source: true,
        builtFor: ['6.1.0'],
        installedFor: ['6.1.0'],
        automatic: true,
      },
    ]),
    build: { compiler: known('/usr/bin/gcc'), make: known('/usr/bin/make') },
    packages: known({
      manager: 'dpkg',
      unfinished: known(['broken (half-configured)']),
      held: known([{ path: '/var/lib/dpkg/status' }, { path: '/etc/apt/preferences.d/kernel', line: 2 }]),
    }),
    firewall: known({ files: [{ path: '/etc/nftables.conf', line: 3 }], nft: known('1.0.6') }),
    secureBoot: known({ prepared: true, enforcedBy: [{ text: 'lockdown=integrity' }] }),
    cloudInit: known({
      version: known('22.4.2'),
      disabled: [{ path: '/etc/cloud/cloud-init.disabled' }, { text: 'cloud-init=disabled' }],
      instances: ['i-1'],
      datasources: known(['NoCloud', 'AliYun']),
    }),
    hygiene: {
      hostKeys: known(['/etc/ssh/ssh_host_rsa_key']),
      machineId: known('uninitialized'),
      authorizedKeys: known(['/srv/app/.ssh/authorized_keys']),
      histories: known(['/home/u/.bash_history']),
      leftovers: known(['/var/lib/toa/work', '/tmp/script_123.sh']),
    },
    running: { state: 'absent' },
  });
  expect(facts.holders).toMatchObject(
    known([
      { path: '/etc/modules-load.d/tls.conf' },
      { path: '/etc/nginx/nginx.conf' },
      { path: '/opt/cni/bin/cilium-cni' },
    ]),
  );
  const [kernel] = facts.kernels.state === 'known' ? facts.kernels.value : [];
  expect(kernel).toMatchObject({
    release: '6.1.0',
    builtin: known(['vtoa']),
    image: { value: { release: { state: 'unknown' } } },
  });
  expect(parseFacts(JSON.stringify(facts))).toEqual(known(facts));
});

/** Notes every path that is asked for, and answers unknown for one. */
function hiding(reader: Reader, hidden: string | null, asked: Set<string>): Reader {
  const answer =
    <A extends readonly unknown[], R>(see: (path: string, ...more: A) => Promise<R>) =>
    async (path: string, ...more: A): Promise<R | { readonly state: 'unknown'; readonly why: string }> => {
      asked.add(path);
      return path === hidden ? { state: 'unknown', why: 'the disk is bad here' } : see(path, ...more);
    };
  return {
    ...reader,
    stat: answer(reader.stat),
    lstat: answer(reader.lstat),
    readlink: answer(reader.readlink),
    list: answer(reader.list),
    read: answer(reader.read),
    part: answer(reader.part),
  };
}

/** Paths of which other files speak as well: what they hide shows elsewhere. */
test('whatever cannot be looked at shows as unknown, each path alone', async () => {
  const reader = treeReader(MACHINE);
  const asked = new Set<string>();
  await collect(hiding(reader, null, asked));
  expect(asked.size).toBeGreaterThan(150);
  const silent: string[] = [];
  for (const path of asked) {
    const facts = await collect(hiding(reader, path, new Set()));
    if (!JSON.stringify(facts).includes('the disk is bad here')) silent.push(path);
  }
  expect(silent).toEqual([]);
});

test('an empty machine has nothing, and says so', async () => {
  const facts = await collect(treeReader({}));
  const states = (value: object): readonly string[] =>
    'state' in value ? [String(value.state)] : Object.values(value).flatMap((part) => states(part));
  const { source, facts: version, ...parts }: Facts = facts;
  expect([version, source.kind, source.live]).toEqual([1, 'directory', false]);
  expect(states(parts)).not.toContain('unknown');
});

test('an rpm machine: locks, excludes, a transaction that was cut off', async () => {
  const { packages } = await collect(
    treeReader({
      'usr/lib/sysimage/rpm/rpmdb.sqlite': '',
      'etc/dnf/dnf.conf': '[main]\nexcludepkgs=kernel*, foo\n',
      'etc/yum.repos.d/x.repo': 'exclude=httpd\n',
      'etc/dnf/plugins/versionlock.list': '# x\nkernel-0:5.14.0-70.el9.*\nvim-0:1\n',
      'var/lib/yum/transaction-all.2026-01-01': '',
    }),
  );
  expect(packages).toMatchObject({
    value: {
      manager: 'rpm',
      unfinished: { value: ['yum transaction-all.2026-01-01'] },
      held: {
        value: [
          { path: '/etc/dnf/dnf.conf', line: 2 },
          { path: '/etc/dnf/plugins/versionlock.list', line: 2 },
        ],
      },
    },
  });
});

test('old distributions by their one line', async () => {
  const lines = [
    ['CentOS release 6.10 (Final)', 'centos', '6.10'],
    ['Red Hat Enterprise Linux Server release 6.9 (Santiago)', 'rhel', '6.9'],
    ['Something else 3', 'linux', ''],
  ] as const;
  for (const [line, id, versionId] of lines) {
    const { os } = await collect(treeReader({ 'etc/redhat-release': `${line}\n` }));
    expect(os).toMatchObject({ value: { id, versionId } });
  }
});

test('600 spoilt receipts are a receipt or a reason', () => {
  const text = Buffer.from(JSON.stringify(RECEIPT));
  expect(parseReceipt(text.toString())).toMatchObject({ target: 'debian-12' });
  const bad = spoilt(text);
  let refused = 0;
  for (let round = 0; round < 600; round++) {
    try {
      parseReceipt(bad.next().value.toString('utf8'));
    } catch (error) {
      expect(error).toBeInstanceOf(Unreadable);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(200);
});

test('a running machine', async () => {
  const files: Files = {
    'proc/sys/kernel/osrelease': '6.1.0\n',
    'proc/cmdline': 'root=/dev/vda1 quiet\n',
    'proc/modules': 'toa 16384 0 - Live 0x0 (OE)\ntls 1 0 - Live\n',
    'proc/net/toa_stats': '                         CPU0       CPU1\nsyn_recv_sock_toa       :          3          4\n',
    'proc/net/toa_trusted': '203.0.113.0/24\n2001:db8::/32\n',
    'proc/sys/kernel/tainted': '12288\n',
    'sys/module/toa/parameters/kinds': '254,200\n',
    'sys/module/tls/x': '',
    'sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
  };
  const answers: Readonly<Record<string, number>> = { nft: 0, 'iptables-save': 127, 'ip6tables-save': 127 };
  const reader: Reader = {
    ...treeReader(files),
    live: true,
    run: async ([program = '']) => ({
      state: 'known',
      value: { code: answers[program] ?? 1, stdout: Buffer.from(`rules of ${program}`), stderr: '' },
    }),
  };
  const facts = await collect(reader);
  expect(facts.running).toEqual({
    state: 'known',
    value: {
      release: '6.1.0',
      machine: '',
      commandLine: 'root=/dev/vda1 quiet',
      loaded: { state: 'known', value: ['toa', 'tls'] },
      kinds: { state: 'known', value: [254, 200] },
      trusted: { state: 'known', value: ['203.0.113.0/24', '2001:db8::/32'] },
      stats: { state: 'known', value: { syn_recv_sock_toa: 7 } },
      tainted: { state: 'known', value: 12288 },
      lockdown: { state: 'known', value: 'none' },
      filter: { state: 'known', value: 'rules of nft' },
      programs: { state: 'absent' },
      probe: { state: 'absent' },
    },
  });
  expect(facts.holders).toMatchObject({ value: [{ path: '/sys/module/tls' }] });
});
