/** One fault of the good machine each, made on its disk image, and everything that it raises. */

import { SPEC } from './good.ts';

export interface Mutation {
  readonly name: string;
  /** Shell, with the functions of mutate.sh; R is the release that boots next, KO its module. */
  readonly script: string;
  /** What is not as it should be then: severity or `unknown`, and code. */
  readonly raises: readonly string[];
  /** What it is judged by; null: by its own receipt. */
  readonly spec: string | null;
}

const mutation = (
  code: string,
  name: string,
  script: string,
  spec: string | null = SPEC,
  more: readonly string[] = [],
): Mutation => ({ name, script, raises: [code, ...more].sort(), spec });

/** Whatever is about the kernel that boots next. */
const HANGS_ON_NEXT = [
  'boot/other-module',
  'image/instance-state',
  'kernel/image',
  'modprobe/blacklisted',
  'module/missing-default',
  'module/missing-other',
  'module/unsigned',
  'option/kind',
  'option/unknown',
  'rebuild/compiler',
  'rebuild/headers',
  'rebuild/hook',
  'trust/any',
  'trust/differs',
  'trust/missing',
  'trust/unfiltered',
].map((code) => `unknown ${code}`);

const RECEIPT = '/var/lib/toa/receipt.json';
const UNIT = '/etc/systemd/system';

export const MUTATIONS: readonly Mutation[] = [
  mutation('unknown image/unreadable', 'no os-release', 'remove /etc/os-release', null),
  mutation('error kernel/missing', 'no kernel and no boot loader', 'unlink /lib/modules; unlink /boot/grub'),
  mutation(
    'unknown boot/default-unknown',
    'the boot loader’s default is a menu',
    'saved gnulinux-advanced-1',
    SPEC,
    HANGS_ON_NEXT,
  ),
  mutation('error kernel/image', 'no boot image', 'remove "/boot/vmlinuz-$R"'),
  mutation('error module/missing-default', 'no module for the next kernel', 'remove "$KO"; index "$R"'),
  mutation(
    'error module/missing-default',
    'the boot loader takes a kernel without modules',
    'unlink "/lib/modules/$OLD"; saved "gnulinux-advanced-1>gnulinux-$OLD-advanced-1"',
  ),
  mutation(
    'warning module/missing-other',
    'no module for the old kernel',
    'remove "/lib/modules/$OLD/updates/toa/toa.ko"; index "$OLD"',
  ),
  mutation(
    'error module/corrupt',
    'a truncated module',
    'get "$KO" >"$T/ko"; truncate -s -200 "$T/ko"; put "$KO" <"$T/ko"',
  ),
  mutation(
    'error module/arch',
    'a module for arm64',
    'get "$KO" >"$T/ko"; printf "\\267" | dd of="$T/ko" bs=1 seek=18 conv=notrunc status=none; installed "$T/ko"',
  ),
  mutation('error module/vermagic', 'a module for the old kernel', 'R=$OLD compile; installed "$T/toa.ko"'),
  mutation('error module/name', 'a module of another name', `compile -DNAME='"toa2"'; installed "$T/toa.ko"`),
  mutation(
    'error module/symbols',
    'a symbol that the kernel lacks',
    'compile -DIMPORT=tcp_gone; installed "$T/toa.ko"',
  ),
  mutation(
    'warning module/shadowed',
    'a second copy that ours hides',
    'get "$KO" >"$T/ko"; folder "/lib/modules/$R/kernel/net/toa2"; put "/lib/modules/$R/kernel/net/toa2/toa.ko" <"$T/ko"; index "$R"',
  ),
  mutation(
    'error module/stale-index',
    'depmod ran before the module came',
    'get "$KO" >"$T/ko"; remove "$KO"; index "$R"; put "$KO" <"$T/ko"',
  ),
  mutation(
    'error module/unsigned',
    'lockdown at the next boot',
    'edit /boot/grub/grub.cfg "s/ro quiet/ro lockdown=integrity/"',
    SPEC,
    ['warning module/unsigned'],
  ),
  mutation(
    'error reader/two-active',
    'vtoa is loaded too',
    `compile -DNAME='"vtoa"'; put "/lib/modules/$R/updates/vtoa.ko" <"$T/toa.ko"; index "$R"; folder /etc/modules-load.d; echo vtoa | put /etc/modules-load.d/vtoa.conf`,
  ),
  mutation(
    'error reader/socket-data',
    'a reader that patches tables, and kTLS',
    `compile -DLOOKS_UP='"ipv4_specific"'; installed "$T/toa.ko"; folder /etc/modules-load.d; echo tls | put /etc/modules-load.d/tls.conf`,
  ),
  mutation('error boot/file-missing', 'nothing loads it', 'nothing_loads'),
  mutation(
    'error boot/file-unread',
    "the page's boot file where nothing reads it",
    'nothing_loads; folder /etc/sysconfig /etc/sysconfig/modules; printf "#!/bin/sh\\nmodprobe toa\\n" | put /etc/sysconfig/modules/toa.modules 755',
  ),
  mutation(
    'error boot/file-not-executable',
    'rc.local without its bit',
    'nothing_loads; printf "#!/bin/sh\\nmodprobe toa\\n" | put /etc/rc.local',
  ),
  mutation(
    'error boot/not-enabled',
    'the units are not enabled',
    `remove ${UNIT}/multi-user.target.wants/toa.service ${UNIT}/multi-user.target.wants/toa-ready.target`,
  ),
  mutation(
    'error boot/file-missing',
    'a drop-in empties the unit',
    `folder ${UNIT}/toa.service.d; printf "[Service]\\nExecStart=\\nExecStart=/bin/true\\n" | put ${UNIT}/toa.service.d/local.conf`,
  ),
  mutation(
    'error boot/not-enabled',
    'a condition of the unit does not hold',
    `edit ${UNIT}/toa.service "/^.Unit/a ConditionPathExists=/etc/toa/enabled"`,
  ),
  mutation(
    'error boot/other-module',
    "rc.local inserts the old kernel's module",
    'nothing_loads; printf "#!/bin/sh\\ninsmod /lib/modules/$OLD/updates/toa/toa.ko\\n" | put /etc/rc.local 755',
  ),
  mutation('error boot/load-crashed', 'a load never came back', 'echo | put "/var/lib/toa/loading.$R"'),
  mutation('error setup/incomplete', 'a part of toa-setup is gone', 'remove /usr/local/lib/toa/method.sh'),
  mutation('error setup/incomplete', 'a part of toa-setup is damaged', 'edit /usr/local/lib/toa/method.sh 2d'),
  mutation(
    'warning modprobe/blacklisted',
    'blacklisted, which a load by name ignores',
    'echo "blacklist toa" | put /etc/modprobe.d/blacklist.conf',
  ),
  mutation(
    'error modprobe/blacklisted',
    'refused by the kernel itself',
    'edit /boot/grub/grub.cfg "s/ro quiet/ro module_blacklist=toa/"',
  ),
  mutation(
    'error modprobe/install-line',
    'an install line',
    'echo "install toa /bin/false" | put /etc/modprobe.d/local.conf',
  ),
  mutation('error option/kind', 'another kind', 'edit /etc/modprobe.d/toa.conf "s/kinds=254/kinds=253/"'),
  mutation(
    'warning option/unknown',
    'a misspelt parameter',
    'echo "options toa kind=200" | put /etc/modprobe.d/local.conf',
  ),
  mutation(
    'error trust/missing',
    'nobody is trusted',
    `remove /etc/toa/trusted; edit /etc/modprobe.d/toa.conf "s/ trusted=.*//"; edit ${RECEIPT} '/"trusted"/s/\\[.*\\]/[]/'`,
    null,
  ),
  mutation(
    'warning trust/any',
    'everybody is trusted',
    `echo any | put /etc/toa/trusted; edit /etc/modprobe.d/toa.conf "s/trusted=.*/trusted=any/"; edit ${RECEIPT} '/"trusted"/s/\\[.*\\]/["any"]/'`,
    null,
  ),
  mutation('error trust/differs', 'another network is trusted too', 'edit /etc/toa/trusted "\\$a 203.0.113.0/24"'),
  mutation(
    'warning trust/unfiltered',
    'a reader without a list, and no filter',
    'compile -DNO_LIST; installed "$T/toa.ko"; edit /etc/modprobe.d/toa.conf "s/ trusted=.*//"',
  ),
  mutation(
    'error firewall/unparsable',
    'rules and no nft',
    'echo "tcp option 254 exists drop" | put /etc/nftables.conf',
  ),
  mutation('warning rebuild/compiler', 'no compiler', 'remove /usr/bin/gcc'),
  mutation('warning rebuild/headers', 'no headers', 'remove "/lib/modules/$R/build/Makefile"'),
  mutation('warning rebuild/hook', 'no hook', 'remove /etc/kernel/postinst.d/dkms; remove /etc/kernel/postinst.d/toa'),
  mutation(
    'warning kernel/hold',
    'held, though the spec says rebuild',
    'edit /var/lib/dpkg/status "/linux-image/,/^\\$/s/install ok/hold ok/"',
  ),
  mutation(
    'error receipt/contradicts',
    'the module was changed afterwards',
    'get "$KO" >"$T/ko"; echo >>"$T/ko"; put "$KO" <"$T/ko"',
  ),
  mutation(
    'error receipt/failed',
    'the last run failed',
    `edit ${RECEIPT} 's/"result": "ok", "step"/"result": "failed", "step"/'`,
  ),
  mutation(
    'error packages/half-installed',
    'dpkg has not finished',
    'edit /var/lib/dpkg/status "/bash/,/^\\$/s/ok installed/ok half-configured/"',
  ),
  mutation('warning image/host-keys', 'host keys', 'echo key | put /etc/ssh/ssh_host_rsa_key 600'),
  mutation('warning image/machine-id', 'a machine id', 'echo 0123456789abcdef0123456789abcdef | put /etc/machine-id'),
  mutation('warning image/machine-id', 'no machine id', 'remove /etc/machine-id'),
  mutation(
    'warning image/authorized-keys',
    'authorized keys',
    'folder /root/.ssh; echo ssh-rsa | put /root/.ssh/authorized_keys',
  ),
  mutation('warning image/history', 'a history', 'echo ls | put /root/.bash_history'),
  mutation(
    'warning image/instance-state',
    "another instance's state",
    'folder /var/lib/cloud /var/lib/cloud/instances /var/lib/cloud/instances/i-1',
  ),
  mutation('warning image/leftovers', 'leftovers', 'folder /tmp; echo | put /tmp/script_1234.sh'),
];

const harmless = (name: string, script: string): Mutation => ({ name, script, raises: [], spec: SPEC });

/** What looks wrong at first sight, and is not. */
export const HARMLESS: readonly Mutation[] = [
  harmless('toa.service is asked for by toa-ready.target alone', `remove ${UNIT}/multi-user.target.wants/toa.service`),
  harmless(
    'the boot loader takes the old kernel, which has its module',
    `saved "gnulinux-advanced-1>gnulinux-$OLD-advanced-1"`,
  ),
  harmless(
    'the boot image has a name of its own',
    'get "/boot/vmlinuz-$R" >"$T/image"; remove "/boot/vmlinuz-$R"; put /boot/linux.img <"$T/image"; edit /boot/grub/grub.cfg "s/vmlinuz-$R/linux.img/"',
  ),
  harmless(
    'the module is compressed, and depmod was told',
    'get "$KO" >"$T/ko"; xz --check=crc32 "$T/ko"; remove "$KO"; KO=$KO.xz; installed "$T/ko.xz"; index "$R"',
  ),
  harmless('a second list of the same kinds', 'echo "options toa kinds=254" | put /etc/modprobe.d/zz.conf'),
];

/** Codes that no image can raise, only a machine that runs; their tests look at one. */
export const ONLY_LIVE: Readonly<Record<string, string>> = {
  'firewall/not-loaded': 'which rules are loaded is nowhere on the disk',
  'running/not-loaded': 'which modules are loaded is nowhere on the disk',
  'running/programs': 'what is attached to the root cgroup is nowhere on the disk',
  'running/probe': 'needs connections',
};
