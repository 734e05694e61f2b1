/** What goes wrong on purpose, and what must be so afterwards: the tests go through this table, docs/reliability.md prints it. */

/** What the receipt says; null: there is none. */
interface Said {
  readonly result: 'ok' | 'failed' | 'unknown' | 'reboot-needed';
  readonly step: string;
  /** Words of the reason; none where it is empty. */
  readonly reason?: string;
}

/** One row. */
export interface Fault {
  readonly fault: string;
  /** What the test does to the machine. */
  readonly done: string;
  /** What is looked at afterwards. */
  readonly end: string;
  /** Exit code of the run that meets the fault; several where it hangs on when the fault is met. */
  readonly code: number | readonly number[];
  readonly receipt: Said | null;
  /** A folder with the real programs that the row is about, under dash, bash and busybox; or a machine that boots. */
  readonly where: 'fake root' | 'VM';
}

const failed = (step: string, reason: string): Said => ({ result: 'failed', step, reason });
const ok = (step: string): Said => ({ result: 'ok', step });

const AGAIN = 'the next `all`, with the fault gone, ends well and leaves what any other leaves';
const AS_BEFORE = 'nothing is installed';

/** In the order of the page. */
export const FAULTS = {
  'disk-full': {
    fault: 'disk full',
    done: 'a file system with so many free blocks, from none to as many as `all` takes: it is full at each point',
    end: `each file is whole or not there; ${AGAIN}`,
    code: [12, 13, 14],
    receipt: { result: 'failed', step: 'where it was; none where there is no room for it' },
    where: 'fake root',
  },
  'disk-full-over-old': {
    fault: 'disk full under a new version',
    done: 'the same, over an older version that works',
    end: `each file is the old or the new one, whole; the old reader stays in place until the new one replaces it; ${AGAIN}`,
    code: [12, 13, 14],
    receipt: { result: 'failed', step: 'where it was; none where there is no room for it' },
    where: 'fake root',
  },
  'no-inodes': {
    fault: 'disk without inodes',
    done: 'a file system that takes so many more files, from none to as many as `all` makes',
    end: `each file is whole or not there; ${AGAIN}`,
    code: [12, 13, 14],
    receipt: { result: 'failed', step: 'where it was; none where there is no room for it' },
    where: 'fake root',
  },
  'read-only-modules': {
    fault: 'read-only /lib/modules',
    done: 'a read-only bind mount in a mount namespace',
    end: `no reader below /lib/modules, nothing is loaded or enabled; ${AGAIN}`,
    code: 13,
    receipt: failed('install', 'not every file could be written'),
    where: 'fake root',
  },
  'lock-held': {
    fault: "apt's lock held for a minute",
    done: "another process holds dpkg's lock for a minute; apt and dpkg are the real ones",
    end: 'waits, then installs the packages and the reader',
    code: 0,
    receipt: ok('verify'),
    where: 'fake root',
  },
  'lock-held-for-ever': {
    fault: "apt's lock held for ever",
    done: 'the same, longer than toa-setup waits (half an hour; seconds in the test)',
    end: `gives up in time: ${AS_BEFORE}; ${AGAIN}`,
    code: 11,
    receipt: failed('deps', 'Could not get lock'),
    where: 'fake root',
  },
  'rpm-lock-held-for-ever': {
    fault: "dnf's lock held for ever",
    done: 'a dnf that waits and does not come back',
    end: `gives up in time: ${AS_BEFORE}`,
    code: 11,
    receipt: failed('deps', 'dnf could not install'),
    where: 'fake root',
  },
  'mirror-dead': {
    fault: 'mirror dead',
    done: 'real apt, a port that nobody listens on',
    end: `${AS_BEFORE}; ${AGAIN}`,
    code: 11,
    receipt: failed('deps', 'apt could not install gcc'),
    where: 'fake root',
  },
  'mirror-stuck': {
    fault: 'mirror that trickles',
    done: 'real apt, a mirror that gives a byte now and then for ever',
    end: `gives up in time (half an hour; seconds in the test): ${AS_BEFORE}; ${AGAIN}`,
    code: 11,
    receipt: failed('deps', 'apt could not install gcc'),
    where: 'fake root',
  },
  'mirror-slow': {
    fault: 'mirror slow',
    done: 'real apt, a mirror that takes its time for each file',
    end: 'the packages and the reader are installed',
    code: 0,
    receipt: ok('verify'),
    where: 'fake root',
  },
  'mirror-cut': {
    fault: 'mirror cut off in mid-download, once',
    done: 'real apt, a connection that is reset after half of a package',
    end: 'apt goes on from there; the packages and the reader are installed',
    code: 0,
    receipt: ok('verify'),
    where: 'fake root',
  },
  'mirror-cut-always': {
    fault: 'mirror cut off in mid-download, always',
    done: 'the same, each time',
    end: `no package is half installed: ${AS_BEFORE}; ${AGAIN}`,
    code: 11,
    receipt: failed('deps', 'apt could not install gcc'),
    where: 'fake root',
  },
  'mirror-wrong-hash': {
    fault: 'wrong sha256: a package',
    done: 'real apt, a package that is not the one of the index',
    end: `it is not unpacked: ${AS_BEFORE}; ${AGAIN}`,
    code: 11,
    receipt: failed('deps', 'apt could not install gcc'),
    where: 'fake root',
  },
  'file-wrong-hash': {
    fault: 'wrong sha256: a file of the plan',
    done: 'an https server with another file than the pinned one',
    end: `nothing of it is kept: ${AS_BEFORE}`,
    code: 17,
    receipt: failed('fetch', 'is not the file that is pinned'),
    where: 'fake root',
  },
  'script-damaged': {
    fault: 'wrong sha256: install-toa.sh itself',
    done: 'one byte of it changed; its end cut off',
    end: 'nothing on the machine changes',
    code: 1,
    receipt: null,
    where: 'fake root',
  },
  'dpkg-killed': {
    fault: 'package manager killed while it unpacks',
    done: 'real dpkg, SIGKILL before the compiler is unpacked',
    end: 'the next `all` has dpkg finish what it began, removes no package, and ends well',
    code: 11,
    receipt: failed('deps', 'apt could not install gcc'),
    where: 'fake root',
  },
  'dpkg-killed-late': {
    fault: 'package manager killed while it configures',
    done: 'the same, when all is unpacked',
    end: 'the compiler is there, so the reader is built and works; the next `all` has dpkg finish what it began',
    code: 0,
    receipt: ok('verify'),
    where: 'fake root',
  },
  'two-runs': {
    fault: 'two runs at once',
    done: 'a second `all` while the first one compiles',
    end: 'the second changes nothing; the first ends well',
    code: 16,
    receipt: null,
    where: 'fake root',
  },
  'no-python': {
    fault: 'no Python',
    done: 'a machine without any',
    end: 'built, loaded, enabled; only the trial by connections is missing, and said to be',
    code: 0,
    receipt: { result: 'unknown', step: 'verify' },
    where: 'fake root',
  },
  'no-systemd': {
    fault: 'no systemd, where the distribution has it',
    done: 'a Debian 12 without systemctl',
    end: 'nothing is loaded, since it would not be at the next boot either',
    code: 13,
    receipt: failed('enable', 'could not be enabled'),
    where: 'fake root',
  },
  'no-systemd-planned': {
    fault: 'no systemd, on a distribution without it',
    done: 'CentOS 6, Ubuntu 14.04',
    end: 'loaded, and at boot by the init scripts; `uninstall` gives back what was there',
    code: 0,
    receipt: ok('verify'),
    where: 'fake root',
  },
  selinux: {
    fault: 'SELinux file contexts requested',
    done: 'a machine with restorecon, which notes what it is asked for',
    end: 'each file that was put is labelled before anything is loaded; where there is no restorecon, nothing is asked for',
    code: 0,
    receipt: ok('verify'),
    where: 'fake root',
  },
  'compiler-killed': {
    fault: 'compiler killed',
    done: 'SIGKILL to cc1, as the kernel does when memory is short, over an older version that works',
    end: `the old reader is still there, whole, and works; ${AGAIN}`,
    code: 12,
    receipt: failed('build', 'does not build'),
    where: 'VM',
  },
  'other-headers': {
    fault: 'headers for another kernel',
    done: "the headers' release is changed: the module builds, for a kernel that is not there",
    end: `the old reader is still there and works; ${AGAIN}`,
    code: 12,
    receipt: failed('build', "these are another kernel's headers"),
    where: 'VM',
  },
  'clock-1970': {
    fault: 'clock in 1970',
    done: 'the clock is set to 1970 before an `all` that compiles',
    end: 'the reader works, also after the next boot, with the clock right again',
    code: 0,
    receipt: ok('verify'),
    where: 'VM',
  },
  'oops-panic': {
    fault: 'module that oopses at init, where an oops is a panic',
    done: 'a module with a bug in the place of the reader, kernel.panic_on_oops=1; the boot loads it',
    end: 'one crash, not two: the second boot does not load it, serves, and says so; `enable` lifts the ban',
    code: 14,
    receipt: failed('load', 'did not return'),
    where: 'VM',
  },
  'oops-alone': {
    fault: 'module that oopses at init, where only its loader dies',
    done: 'the same, without the panic',
    end: 'not tried again, at this boot or the next; `status` says so',
    code: 14,
    receipt: failed('load', 'did not return'),
    where: 'VM',
  },
  'foreign-idle': {
    fault: 'a foreign toa.ko loaded',
    done: "somebody else's module of that name is in the kernel and in its tree",
    end: 'unloaded and set aside; ours works; `uninstall` gives the file back',
    code: 0,
    receipt: ok('verify'),
    where: 'VM',
  },
  'foreign-in-use': {
    fault: 'a foreign toa.ko loaded and in use',
    done: 'the same, with a reference to it that nobody gives back',
    end: 'nothing is forced: it stays until the next boot, which loads ours; ours works then',
    code: 0,
    receipt: { result: 'reboot-needed', step: 'load', reason: 'the toa that was here before is in use' },
    where: 'VM',
  },
  'second-reader': {
    fault: 'a second reader active',
    done: 'vtoa is loaded',
    end: AS_BEFORE,
    code: 15,
    receipt: failed('preflight', 'another reader is loaded: vtoa'),
    where: 'fake root',
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** Names a row. */
export type FaultId = keyof typeof FAULTS;
