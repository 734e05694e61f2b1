import { expect, test } from 'vitest';
import { loaders } from '../../src/facts/loaders/index.ts';
import { loadsOf } from '../../src/facts/loaders/script.ts';
import type { Loader } from '../../src/facts/types.ts';
import { type Piece, treeReader } from '../support/tree.ts';

type Files = Readonly<Record<string, Piece>>;

const SYSTEMD: Files = {
  'usr/lib/systemd/systemd': '',
  'usr/lib/systemd/system/systemd-modules-load.service': '[Service]\n',
};
const WANTS = 'etc/systemd/system/multi-user.target.wants';

/** What the page that people follow by hand tells them to write. */
const BY_THE_PAGE = `#!/bin/bash
if [ -e /lib/modules/\`uname -r\`/kernel/net/netfilter/ipvs/toa.ko ] ;
then
insmod /lib/modules/\`uname -r\`/kernel/net/netfilter/ipvs/toa.ko > /dev/null 2>&1
fi
`;
const FIXED = '/lib/modules/`uname -r`/kernel/net/netfilter/ipvs/toa.ko';
const RPM_PAGE = BY_THE_PAGE.replaceAll('netfilter/ipvs/toa.ko', 'toa/toa.ko.xz').replace(
  /insmod \S+ \S+ \S+/,
  'modprobe toa',
);

const EL7: Files = {
  ...SYSTEMD,
  'usr/lib/systemd/system/rhel-loadmodules.service': '[Service]\nExecStart=/lib/systemd/rhel-loadmodules\n',
  'usr/lib/systemd/system/basic.target.wants/rhel-loadmodules.service': { link: '../rhel-loadmodules.service' },
};

const TOA_SERVICE = '[Service]\nType=oneshot\nExecStart=/usr/local/sbin/toa-setup load\n';

interface Case {
  readonly files: Files;
  readonly kind: Loader['kind'] | null;
  readonly loads?: readonly string[];
  readonly needs?: readonly string[];
  /** Undefined: nothing. */
  readonly hindrance?: string;
  /** Part of what it says. */
  readonly why?: string;
}

const CASES: Readonly<Record<string, Case>> = {
  'our unit, enabled': {
    files: {
      ...SYSTEMD,
      'etc/systemd/system/toa.service': TOA_SERVICE,
      [`${WANTS}/toa.service`]: { link: '/etc/systemd/system/toa.service' },
    },
    kind: 'unit',
    loads: ['toa'],
  },
  'our unit, not enabled': {
    files: { ...SYSTEMD, 'etc/systemd/system/toa.service': TOA_SERVICE },
    kind: 'unit',
    loads: ['toa'],
    hindrance: 'not-enabled',
  },
  'a masked unit of the distribution': {
    files: {
      ...SYSTEMD,
      'etc/systemd/system/vtoa.service': { link: '/dev/null' },
      'usr/lib/systemd/system/vtoa.service': '[Service]\nExecStart=/usr/bin/vtoa start\n',
    },
    kind: 'unit',
    loads: ['vtoa'],
    hindrance: 'not-enabled',
    why: 'masked',
  },
  "the distribution's reader": {
    files: {
      ...SYSTEMD,
      'usr/lib/systemd/system/vtoa.service': '[Service]\nExecStart=/usr/libexec/vtoa start\n',
      [`${WANTS}/vtoa.service`]: { link: '/usr/lib/systemd/system/vtoa.service' },
    },
    kind: 'unit',
    loads: ['vtoa'],
  },
  'a unit that runs a script': {
    files: {
      ...SYSTEMD,
      'etc/systemd/system/net-tune.service': '[Service]\nExecStart=/bin/sh /opt/tune.sh\n',
      'opt/tune.sh': '#!/bin/sh\nsysctl -p\n/sbin/insmod /opt/toa.ko\n',
      [`${WANTS}/net-tune.service`]: { link: '../net-tune.service' },
    },
    kind: 'unit',
    loads: ['/opt/toa.ko'],
  },
  'a unit of the distribution with something harmless dropped into it': {
    files: {
      ...SYSTEMD,
      'usr/lib/systemd/system/reader.service': '[Service]\nExecStart=/sbin/modprobe toa\n',
      [`${WANTS}/reader.service`]: { link: '/usr/lib/systemd/system/reader.service' },
      'etc/systemd/system/reader.service.d/local.conf':
        '[Unit]\nAfter=network.target\nConditionPathExists=!/etc/gone\n',
    },
    kind: 'unit',
    loads: ['toa'],
  },
  'dropped into another unit': {
    files: {
      ...SYSTEMD,
      'usr/lib/systemd/system/nginx.service': '[Service]\nExecStart=/usr/sbin/nginx\n',
      'etc/systemd/system/nginx.service.d/toa.conf': '[Service]\nExecStartPre=-/sbin/modprobe -q toa\n',
      [`${WANTS}/nginx.service`]: { link: '/usr/lib/systemd/system/nginx.service' },
    },
    kind: 'unit',
    loads: ['toa'],
  },
  'modules-load.d': {
    files: { ...SYSTEMD, 'etc/modules-load.d/toa.conf': '# reader\ntoa\n' },
    kind: 'modules-load.d',
    loads: ['toa'],
  },
  'modules-load.d, hidden by /etc': {
    files: {
      ...SYSTEMD,
      'usr/lib/modules-load.d/toa.conf': 'toa\n',
      'etc/modules-load.d/toa.conf': { link: '/dev/null' },
    },
    kind: null,
  },
  'modules-load.d, its unit masked': {
    files: {
      ...SYSTEMD,
      'etc/modules-load.d/toa.conf': 'toa\n',
      'etc/systemd/system/systemd-modules-load.service': { link: '/dev/null' },
    },
    kind: 'modules-load.d',
    hindrance: 'unread',
  },
  'modules-load.d without systemd': {
    files: { 'etc/modules-load.d/toa.conf': 'toa\n' },
    kind: 'modules-load.d',
    hindrance: 'unread',
  },
  'modules-load.d takes names, not paths': {
    files: { ...SYSTEMD, 'etc/modules-load.d/toa.conf': '/lib/modules/x/toa.ko\ntoa.ko\ntoast\n' },
    kind: null,
  },
  '/etc/modules by its link': {
    files: { ...SYSTEMD, 'etc/modules': 'toa\n', 'etc/modules-load.d/modules.conf': { link: '../modules' } },
    kind: 'etc-modules',
    loads: ['toa'],
  },
  '/etc/modules without the link': {
    files: { ...SYSTEMD, 'etc/modules': 'loop\ntoa kinds=254\n' },
    kind: 'etc-modules',
    loads: ['toa'],
    hindrance: 'unread',
  },
  'the page on el7': {
    files: { ...EL7, 'etc/sysconfig/modules/toa.modules': { run: BY_THE_PAGE } },
    kind: 'sysconfig-modules',
    loads: [FIXED],
    needs: [FIXED],
  },
  'the page with the RPM kernel': {
    files: { ...EL7, 'etc/sysconfig/modules/toa.modules': { run: RPM_PAGE } },
    kind: 'sysconfig-modules',
    loads: ['toa'],
    needs: ['/lib/modules/`uname -r`/kernel/net/toa/toa.ko.xz'],
  },
  'the page, not executable': {
    files: { ...EL7, 'etc/sysconfig/modules/toa.modules': BY_THE_PAGE },
    kind: 'sysconfig-modules',
    hindrance: 'not-executable',
  },
  'the page where nothing reads it': {
    files: { ...SYSTEMD, 'etc/sysconfig/modules/toa.modules': { run: BY_THE_PAGE } },
    kind: 'sysconfig-modules',
    hindrance: 'unread',
  },
  el6: {
    files: { 'etc/rc.d/rc.sysinit': '#!/bin/bash\n', 'etc/sysconfig/modules/toa.modules': { run: RPM_PAGE } },
    kind: 'sysconfig-modules',
    loads: ['toa'],
  },
  'rc.local': {
    files: {
      ...SYSTEMD,
      'usr/lib/systemd/system/rc-local.service': '[Service]\nExecStart=/etc/rc.local start\n',
      'etc/rc.local': { run: '#!/bin/sh\nmodprobe -a loop toa || true\nexit 0\n' },
    },
    kind: 'rc.local',
    loads: ['toa'],
  },
  'rc.local after its exit': {
    files: {
      ...SYSTEMD,
      'usr/lib/systemd/system/rc-local.service': '[Service]\nExecStart=/etc/rc.local start\n',
      'etc/rc.local': { run: '#!/bin/sh\nexit 0\nmodprobe toa\n' },
    },
    kind: null,
  },
  'rc.local that the unit does not run': {
    files: {
      ...SYSTEMD,
      'usr/lib/systemd/system/rc-local.service': '[Service]\nExecStart=/etc/rc.d/rc.local start\n',
      'etc/rc.local': { run: 'modprobe toa\n' },
    },
    kind: 'rc.local',
    hindrance: 'unread',
  },
  'rc.local, not executable': {
    files: {
      ...SYSTEMD,
      'usr/lib/systemd/system/rc-local.service': '[Service]\nExecStart=/etc/rc.d/rc.local start\n',
      'etc/rc.d/rc.local': 'modprobe toa\n',
      'etc/rc.local': { link: 'rc.d/rc.local' },
    },
    kind: 'rc.local',
    hindrance: 'not-executable',
  },
  'an init script': {
    files: {
      'etc/init.d/toa': { run: '#!/bin/sh\ncase $1 in start) insmod /opt/toa.ko;; esac\n' },
      'etc/rc2.d/S20toa': '',
    },
    kind: 'init.d',
    loads: ['/opt/toa.ko'],
  },
  'an init script that no run level starts': {
    files: { 'etc/init.d/toa': { run: '#!/bin/sh\nmodprobe toa\n' }, 'etc/rc2.d/K20toa': '' },
    kind: 'init.d',
    hindrance: 'not-enabled',
  },
  cron: {
    files: {
      ...SYSTEMD,
      [`${WANTS}/crond.service`]: '',
      'var/spool/cron/root': '5 * * * * modprobe toa\n@reboot /sbin/modprobe toa\n',
    },
    kind: 'cron',
    loads: ['toa'],
  },
  'the initramfs': {
    files: { 'etc/dracut.conf.d/toa.conf': 'force_drivers+=" toa "\n' },
    kind: 'initramfs-modules',
    hindrance: 'unknown',
  },
  'something else': {
    files: {
      ...SYSTEMD,
      'etc/rc.local': {
        run: '# modprobe toa\nmodprobe toast\nmodprobe -r toa\nrmmod toa\necho toa\nlsmod | grep toa\n',
      },
      'etc/modules': 'toast\n# toa\n',
    },
    kind: null,
  },
};

test.each(Object.entries(CASES))('%s', async (_, { files, kind, loads, needs, hindrance, why }) => {
  const found = await loaders(treeReader(files));
  if (found.state !== 'known') throw new Error(JSON.stringify(found));
  expect(found.value.map((loader) => loader.kind)).toEqual(kind === null ? [] : [kind]);
  const [loader] = found.value;
  if (loads) expect(loader?.loads).toEqual(loads);
  if (needs) expect(loader?.needs).toEqual(needs);
  if (why) expect(JSON.stringify(loader?.hindrance)).toContain(why);
  const state = loader?.hindrance;
  const kept = state?.state === 'known' ? state.value.kind : state?.state === 'unknown' ? 'unknown' : undefined;
  expect(kept).toBe(hindrance);
});

const LINES: readonly (readonly [line: string, ...loads: string[]])[] = [
  ['modprobe toa', 'toa'],
  ['/sbin/modprobe -q vtoa >/dev/null 2>&1', 'vtoa'],
  ['[ -d /x ] && modprobe toa', 'toa'],
  ['if modprobe toa; then echo yes; fi', 'toa'],
  ['insmod "$DIR/toa.ko" kinds=254', '$DIR/toa.ko'],
  ['insmod /lib/modules/$(uname -r)/extra/toa.ko.xz', '/lib/modules/$(uname -r)/extra/toa.ko.xz'],
  ['modprobe -a ip_vs toa', 'toa'],
  ['modprobe ip_vs toa=1'],
  ['modprobe --remove toa'],
  ['echo modprobe toast'],
  ['insmod /opt/nottoa.ko'],
  [': toa-setup modprobe toa'],
  ['[ -f /opt/toa.ko ] && : toa-setup /sbin/insmod /opt/toa.ko; true'],
  [': nothing; modprobe toa', 'toa'],
];

test.each(LINES)('%s', (line, ...loads) => {
  expect(loadsOf({ path: '/x', text: `${line}\n` })?.loads ?? []).toEqual(loads);
});
