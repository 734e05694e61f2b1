import type { Code } from './types.ts';

/** What can be wrong with how a reader is started and set. */
export const START_CODES = {
  'boot/default-unknown': {
    title: 'nobody can tell which kernel boots next',
    why: 'A reader belongs to one kernel. If that is not the one that boots, the machine serves without.',
    cure: 'Boot the machine once, or set the boot loader’s default to a kernel by name.',
  },
  'boot/file-missing': {
    title: 'nothing loads the reader at boot',
    why: 'It may be loaded now; after the next reboot it is not.',
    cure: 'Run `toa-setup enable`, or write the module’s name into /etc/modules-load.d/toa.conf.',
  },
  'boot/file-unread': {
    title: 'there is a boot file that nothing reads',
    why: '/etc/sysconfig/modules, rc.local and the like are read on some distributions only.',
    cure: 'Where there is systemd: write the module’s name into /etc/modules-load.d/toa.conf, or run `toa-setup enable`.',
  },
  'boot/file-not-executable': {
    title: 'the boot file is not executable',
    why: 'The init scripts skip it without a word.',
    cure: 'chmod 755 the file.',
  },
  'boot/not-enabled': {
    title: 'the unit that loads the reader is not enabled',
    why: 'It is there and never started.',
    cure: '`systemctl enable` the unit, or run `toa-setup enable`.',
  },
  'boot/other-module': {
    title: 'the boot file loads a module that is not this kernel’s reader',
    why: 'A path with one kernel’s release in it inserts nothing, or the wrong thing, after the next kernel update.',
    cure: 'Load it by name: `modprobe toa`.',
  },
  'boot/load-crashed': {
    title: 'the last load of the reader never came back',
    why: 'The machine crashed or hung in it; toa-setup does not try again on that kernel by itself.',
    cure: 'Find out why (console log), then lift the ban with `toa-setup enable`.',
  },
  'setup/incomplete': {
    title: 'files of toa-setup are missing or damaged',
    why: 'toa.service starts toa-setup at boot; without its plan and its parts, each as it was installed, it loads no reader.',
    cure: 'Run install-toa.sh again.',
  },
  'modprobe/blacklisted': {
    title: 'the reader is blacklisted',
    why: 'systemd-modules-load skips it, and with module_blacklist= the kernel itself refuses it.',
    cure: 'Remove the line that the message names.',
  },
  'modprobe/install-line': {
    title: 'modprobe runs a command instead of loading the reader',
    why: 'An install line replaces the load; `install toa /bin/false` is a common way to forbid it.',
    cure: 'Remove the line that the message names.',
  },
  'option/kind': {
    title: 'the reader listens for another kind of option than planned',
    why: 'It loads, lsmod shows it, and it rewrites nothing.',
    cure: 'Set the kinds that your scrubber sends: in the spec, then render and install again.',
  },
  'option/unknown': {
    title: 'a setting that the module does not have',
    why: 'The kernel ignores it with one line in its log; what it was meant to change stays as it is.',
    cure: 'Correct or remove the parameter; `modinfo -p toa` lists those there are.',
  },
  'trust/missing': {
    title: 'nobody is trusted',
    why: 'The reader believes no sender: every connection shows the scrubber.',
    cure: 'List the networks of your scrubbing service in the spec, then render and install again.',
  },
  'trust/differs': {
    title: 'other networks are trusted than planned',
    why: 'Too few: clients show as the scrubber. Too many: somebody can choose the address that you see.',
    cure: 'Render from the spec and install again; do not edit /etc/toa/trusted by hand.',
  },
  'trust/unfiltered': {
    title: 'the reader believes every sender',
    why: 'It has no list of its own and no packet filter strips the option: any client that reaches the port chooses its address.',
    cure: 'Use a reader that checks the sender (method: module), or strip the option from others with nftables or TCPOPTSTRIP.',
  },
  'firewall/unparsable': {
    title: 'packet-filter rules that this machine’s nft cannot read',
    why: 'nft loads a file as a whole or not at all: with one line that it does not know, no rule of it is in force.',
    cure: 'Write the rule as this nft takes it (`drop`, or iptables -j TCPOPTSTRIP), or install a newer nft.',
  },
  'firewall/not-loaded': {
    title: 'the packet-filter rules about the option are not in force',
    why: 'They are on disk only: untrusted senders are not stripped of the option.',
    cure: 'Load them, and find out what should have at boot.',
  },
  'running/not-loaded': {
    title: 'the reader is not loaded on the running machine',
    why: 'Every connection shows the scrubber right now.',
    cure: '`toa-setup load`, or `modprobe toa`; the kernel’s log says why it was refused.',
  },
  'running/programs': {
    title: 'the eBPF programs are not in place, or not alone',
    why: 'Programs live as long as their pins. Of several that name peers the last to run is believed: those of the root cgroup run after those below it, in the order in which they were attached.',
    cure: '`toa-setup load` puts them in place; `toa-bpf check` names the others.',
  },
  'running/probe': {
    title: 'real connections do not show the client',
    why: 'This is what counts: the option was sent, and accept() showed another address, or believed somebody it must not.',
    cure: 'See the cases in the message; the usual reasons are another option kind, or another trust list.',
  },
} as const satisfies Readonly<Record<string, Code>>;
