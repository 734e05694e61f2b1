import type { Look, ReaderKind } from '../image/types.ts';

/**
 * What a machine is, without opinions. Serialisable: `toa-bake facts` prints it, `validate FILE.json` judges it later. Lists are
 * sorted, paths are the machine's own. Each part says for itself whether it could be looked at.
 */
export interface Facts {
  /** Version of this shape. */
  readonly facts: 1;
  readonly source: { readonly what: string; readonly kind: ReaderKind; readonly live: boolean };
  readonly os: Look<OsRelease>;
  /** What its programs are made for: the ELF header of /bin/sh or of init. */
  readonly machine: Look<'x86_64' | 'arm64' | 'other'>;
  readonly kernels: Look<readonly KernelFacts[]>;
  readonly boot: Look<BootFacts>;
  readonly modprobe: Look<ModprobeFacts>;
  readonly loaders: Look<readonly Loader[]>;
  readonly setup: SetupFacts;
  readonly dkms: Look<readonly DkmsModule[]>;
  readonly build: BuildFacts;
  readonly packages: Look<PackageFacts>;
  readonly firewall: Look<FirewallFacts>;
  readonly secureBoot: Look<SecureBootFacts>;
  readonly cloudInit: Look<CloudInitFacts>;
  readonly hygiene: HygieneFacts;
  readonly holders: Look<readonly Evidence[]>;
  /** Absent for what does not run. */
  readonly running: Look<RunningFacts>;
}

/** A piece of the machine that shows a fact, for the report. */
export interface Evidence {
  readonly path: string;
  /** From 1; 0 where the whole file is meant. */
  readonly line: number;
  readonly text: string;
}

/** /etc/os-release, or /etc/redhat-release and the like where there is none. */
export interface OsRelease {
  readonly id: string;
  readonly versionId: string;
  readonly name: string;
  readonly prettyName: string;
}

/** An installed kernel: a directory under /lib/modules, an image in /boot, or both. */
export interface KernelFacts {
  /** `uname -r`. */
  readonly release: string;
  /** Boot image, where there is one. */
  readonly image: Look<{ readonly path: string; readonly size: number; readonly release: Look<string> }>;
  /** Whether /lib/modules/RELEASE/kernel is there: only its headers may be. */
  readonly modules: boolean;
  /** Every file named toa.ko or vtoa.ko with any compression, with the one that modprobe takes first. */
  readonly readers: Look<readonly ModuleFile[]>;
  /** What modules.dep and modules.dep.bin lead `toa` and `vtoa` to: absolute paths, none where they have no entry; absent: no such index. */
  readonly index: { readonly text: Look<readonly string[]>; readonly binary: Look<readonly string[]> };
  /** `toa` and `vtoa` where modules.builtin lists them: they are part of the kernel itself. */
  readonly builtin: Look<readonly string[]>;
  /** Headers for building: the tree that /lib/modules/RELEASE/build leads to, with a Makefile and a configuration. */
  readonly headers: Look<string>;
  /** Of the kernel's configuration file: CONFIG_MODULE_SIG_FORCE and the like, as they stand there; only those that are judged. */
  readonly config: Look<Readonly<Record<string, string>>>;
}

/** A module's file, read to its end. */
export interface ModuleFile {
  readonly path: string;
  readonly name: 'toa' | 'vtoa';
  readonly compression: 'none' | 'gzip' | 'xz' | 'zstd';
  /** Of the file as it stands; empty where it could not be read, or where a link leads nowhere. */
  readonly sha256: string;
  /** Which of updates, extra, weak-updates, kernel, or another directory under /lib/modules/RELEASE it is in. */
  readonly place: string;
  /** A link: what it leads to. */
  readonly target: string | null;
  /** How it is truncated or corrupt, whatever its name promises; null: nothing shows. */
  readonly damage: string | null;
  /** Unknown: it is damaged, or could not be read or unpacked here, and why. Absent: a link that leads nowhere. */
  readonly elf: Look<ModuleElf>;
}

/** What a module says of itself. */
export interface ModuleElf {
  readonly machine: 'x86_64' | 'arm64' | 'other';
  /** `name=` of .modinfo; older modules have none, then that of .gnu.linkonce.this_module. */
  readonly name: string;
  readonly version: string;
  readonly vermagic: string;
  /** Names of its parameters. */
  readonly parameters: readonly string[];
  readonly signer: string | null;
  readonly signed: boolean;
  readonly license: string;
  /** It rests on sk_user_data, and how that shows; null: nothing shows. */
  readonly keepsDataInSocket: string | null;
  /** Symbols it imports whose CRC differs from the kernel's Module.symvers, or that it lacks; absent: nothing to compare with. */
  readonly symbols: Look<readonly { readonly symbol: string; readonly problem: 'missing' | 'differs' }[]>;
}

export type BootLoader = 'grub-legacy' | 'grub2' | 'grub2-bls' | 'extlinux' | 'systemd-boot' | 'uki' | 'none';

/** The kernel that boots next, and what says so. */
export interface NextKernel {
  readonly release: string;
  readonly why: string;
  /** What the boot loader would start, as it writes it, where that is not there; the release is then what its name says. */
  readonly missing?: string;
}

/** How the machine boots. */
export interface BootFacts {
  readonly loader: BootLoader;
  readonly firmware: readonly ('bios' | 'uefi')[];
  /** The kernel that boots next without anybody's hand, and what says so. Unknown: nobody can tell from here, and why. */
  readonly next: Look<NextKernel>;
  /** What the loader could boot, in its order. */
  readonly entries: readonly { readonly title: string; readonly release: string | null; readonly id: string }[];
  /** Of the entry that boots next. */
  readonly commandLine: Look<string>;
}

/** What the lines in modprobe.d (all its directories, in their order of precedence) mean for a reader. */
export interface ModprobeFacts {
  readonly blacklisted: readonly (Evidence & { readonly module: string })[];
  /** `install toa …` lines: they run instead of loading. */
  readonly installs: readonly (Evidence & { readonly module: string })[];
  readonly options: readonly (Evidence & {
    readonly module: string;
    readonly parameters: Readonly<Record<string, string>>;
  })[];
}

/** Something that would load a reader at boot, and whether anything reads it. */
export interface Loader extends Evidence {
  readonly kind:
    | 'unit'
    | 'modules-load.d'
    | 'sysconfig-modules'
    | 'etc-modules'
    | 'rc.local'
    | 'init.d'
    | 'initramfs-modules'
    | 'cron'
    | 'cloud-init';
  /** Modules that it names or files that it inserts: `toa`, `vtoa`, `/lib/modules/…/toa.ko`. */
  readonly loads: readonly string[];
  /** Files without which it loads nothing: those that a script asks for with `[ -e PATH ]`. */
  readonly needs: readonly string[];
  /** What keeps it from taking effect at boot, and in words. Absent: nothing does. Unknown: nobody could look whether it does. */
  readonly hindrance: Look<{ readonly kind: 'unread' | 'not-executable' | 'not-enabled'; readonly why: string }>;
}

/** What toa-bake has put there. */
export interface SetupFacts {
  /** /etc/toa/toa.env as it stands. */
  readonly env: Look<Readonly<Record<string, string>>>;
  /** Networks of /etc/toa/trusted, or the one word any. */
  readonly trusted: Look<readonly string[]>;
  /** /var/lib/toa/receipt.json, valid by its schema. Unknown: it is there and is not. */
  readonly receipt: Look<Receipt>;
  /** Files that the product puts on a machine, each as it is. */
  readonly files: Look<readonly SetupFile[]>;
  /** Hooks of ours that rebuild for a new kernel: paths that are there and executable. */
  readonly hooks: Look<readonly string[]>;
  /** Kernels with the mark of a load that never came back; absent: none. */
  readonly loading: Look<readonly string[]>;
  /** What the installed files say that their payload's sha256 is. */
  readonly payload: Look<string>;
}

/** A file that the product has put on the machine. */
export interface SetupFile {
  readonly path: string;
  readonly mode: number;
  /** Of its content. */
  readonly sha256: string;
  /** The sha256 that the installation noted; left out: none did. */
  readonly installed?: string;
}

/** The receipt, as src/receipt.schema.json describes it. */
export interface Receipt {
  readonly result: 'ok' | 'reboot-needed' | 'unknown' | 'failed';
  readonly step: string;
  readonly code: number;
  readonly reason: string;
  readonly payload: string;
  readonly target: string;
  readonly method: string;
  readonly kinds: readonly number[];
  readonly trusted: readonly string[];
  readonly running: string;
  readonly next: string;
  readonly kernels: readonly { readonly release: string; readonly module: string; readonly sha256: string }[];
  readonly verify: { readonly result: 'pass' | 'fail' | 'unknown'; readonly reason: string } | null;
}

/** A module that DKMS keeps, from /var/lib/dkms and /usr/src. */
export interface DkmsModule {
  readonly name: string;
  readonly version: string;
  /** Modules that its dkms.conf builds, without `.ko`. */
  readonly builds: readonly string[];
  /** A source tree with a dkms.conf is where /var/lib/dkms/NAME/VERSION/source leads. */
  readonly source: boolean;
  readonly builtFor: readonly string[];
  readonly installedFor: readonly string[];
  /** A dkms program and its kernel hook are there: it will be rebuilt. */
  readonly automatic: boolean;
}

/** What the next build would need. */
export interface BuildFacts {
  readonly compiler: Look<string>;
  readonly make: Look<string>;
}

/** The package manager's own state. */
export interface PackageFacts {
  readonly manager: 'dpkg' | 'rpm';
  /** Packages that dpkg, or a yum transaction, has not finished: name and state. Absent: this manager keeps no record of that. */
  readonly unfinished: Look<readonly string[]>;
  /** Kernel packages that are held back, by apt marks, dnf versionlock or exclude lines. */
  readonly held: Look<readonly Evidence[]>;
}

/** Packet-filter rules about our option. */
export interface FirewallFacts {
  readonly files: readonly Evidence[];
  /** Version of the image's nft, from its package or program: "1.0.6". */
  readonly nft: Look<string>;
}

/** What decides whether an unsigned module loads. */
export interface SecureBootFacts {
  /** Shim and a signed boot loader are on the EFI partition or installed as packages. */
  readonly prepared: boolean;
  /** lockdown= or module.sig_enforce on the next boot's command line. */
  readonly enforcedBy: readonly Evidence[];
}

export interface CloudInitFacts {
  readonly version: Look<string>;
  /** Switched off: /etc/cloud/cloud-init.disabled and the like. */
  readonly disabled: readonly Evidence[];
  /** Names under /var/lib/cloud/instances: not empty in an image that was not sealed. */
  readonly instances: readonly string[];
  readonly datasources: Look<readonly string[]>;
}

/** What a sealed image must not carry. */
export interface HygieneFacts {
  readonly hostKeys: Look<readonly string[]>;
  /** `empty` and `uninitialized` are what a sealed image has; `missing` breaks old systemd; `set` clones it. */
  readonly machineId: Look<'set' | 'empty' | 'uninitialized' | 'missing'>;
  readonly authorizedKeys: Look<readonly string[]>;
  readonly histories: Look<readonly string[]>;
  /** Files that a bake leaves: our payload, work directories, packer's uploads. */
  readonly leftovers: Look<readonly string[]>;
}

/** What only a running machine shows. */
export interface RunningFacts {
  readonly release: string;
  readonly machine: string;
  readonly commandLine: string;
  readonly loaded: Look<readonly string[]>;
  /** /sys/module/toa/parameters. */
  readonly kinds: Look<readonly number[]>;
  readonly trusted: Look<readonly string[]>;
  readonly stats: Look<Readonly<Record<string, number>>>;
  readonly tainted: Look<number>;
  readonly lockdown: Look<string>;
  /** The host's packet-filter table of ours, as nft or iptables lists it. */
  readonly filter: Look<string>;
  /** What toa-bpf says of the eBPF programs; absent: it is not installed. */
  readonly programs: Look<ProgramFacts>;
  /** What toa-probe answered; absent: it was not asked. */
  readonly probe: Look<Probe>;
}

/** The answer of `toa-bpf check`. */
export interface ProgramFacts {
  /** Attached, pinned, and built from the object that is installed. */
  readonly loaded: boolean;
  /** What is wrong with them, or who else names peers and in which order; one sentence each. */
  readonly remarks: readonly string[];
}

/** toa-probe's report: see guest/toa-probe. */
export interface Probe {
  readonly result: 'pass' | 'fail' | 'unknown';
  readonly reason: string;
  readonly cases: readonly {
    readonly name: string;
    readonly source: string;
    readonly accept: string;
    readonly getpeername: string;
    readonly ok: boolean;
  }[];
}
