/** A machine that is a folder: toa-setup runs in it with fake commands, under the shell that the test names. */

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { inRepo } from './cli.ts';

/** The shells that toa-setup must run under. busybox brings its own sed, awk, sort and so on. */
export const SHELLS = ['dash', 'bash', 'busybox'] as const;
export type Shell = (typeof SHELLS)[number];

/** All that toa-setup may use of the system; everything else is missing on a fake machine. */
const TOOLS =
  'awk cat chmod cmp cp cut dd env find flock grep head ln ls mkdir mktemp mv od paste printf rm rmdir sed sha256sum sort stat tail timeout touch tr';
const FAKES =
  'uname sync sleep dmesg modinfo depmod modprobe systemctl apt-get apt-mark dpkg dpkg-query rpm yum dnf zypper chroot chown';

/** What a run said, and which fake commands it ran with which arguments. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly commands: readonly string[];
}

/** What a fake machine has. */
export interface MachineParts {
  /** Files by path, contents as they are. */
  readonly files?: Readonly<Record<string, string>>;
  /** Installed kernels; those of `headers` have theirs. */
  readonly kernels?: readonly string[];
  readonly headers?: readonly string[];
  readonly running?: string;
  /** Commands that are there besides those that every machine has. */
  readonly commands?: readonly string[];
  /** Commands that are missing, of those that every machine has. */
  readonly without?: readonly string[];
  /** Commands of this machine that are there as they are, instead of the fake ones. */
  readonly tools?: readonly string[];
  /** Steers the fake commands, see test/guest/fake-root.sh. */
  readonly steer?: Readonly<Record<string, string | Buffer>>;
}

export const KERNEL = '6.1.0-40-amd64';
const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n';
const PROBE = '{"probe": 1, "result": "pass", "reason": "", "cases": [], "skipped": []}\n';

/** A good Debian 12 unless told otherwise. `remove` it at the end. */
export class FakeMachine {
  readonly root: string;
  /** What runs toa-setup. */
  shell: Shell;
  readonly #fake: string;

  constructor(shell: Shell, parts: MachineParts = {}) {
    const { kernels = [KERNEL], headers = kernels, running = KERNEL } = parts;
    const { commands = ['gcc', 'make', 'strip', 'python3'] } = parts;
    const home = mkdtempSync(join(tmpdir(), 'toa-bake-fake-'));
    this.root = join(home, 'root');
    this.shell = shell;
    this.#fake = join(home, 'fake');
    this.write({
      '/etc/os-release': DEBIAN,
      '/etc/hostname': 'fake\n',
      '/etc/modprobe.d/other.conf': '\n',
      ...parts.files,
    });
    for (const dir of [
      'etc/systemd/system',
      'proc/net',
      'sys/fs/bpf',
      'sys/module',
      'run',
      'usr/local/sbin',
      'usr/local/lib',
      'var/lib',
    ]) {
      mkdirSync(join(this.root, dir), { recursive: true });
    }
    for (const release of kernels) this.write({ [`/lib/modules/${release}/kernel/net/other.ko`]: '\n' });
    for (const release of kernels) this.write({ [`/lib/modules/${release}/modules.dep`]: './kernel/net/other.ko\n' });
    for (const release of headers) this.write({ [`/lib/modules/${release}/build/Makefile`]: '\n' });
    mkdirSync(join(this.#fake, 'tools'), { recursive: true });
    mkdirSync(join(home, 'tmp'));
    for (const tool of [...TOOLS.split(' '), ...(parts.tools ?? [])]) this.#linkTool(tool);
    this.#makeBin(
      [...FAKES.split(' '), ...commands].filter(
        (name) => ![...(parts.tools ?? []), ...(parts.without ?? [])].includes(name),
      ),
    );
    this.use(shell);
    this.steer({
      release: running,
      machine: 'x86_64',
      srcversion: 'A1',
      probe: PROBE,
      'probe-code': '0',
      ...parts.steer,
    });
  }

  /** The shell of the runs from now on. */
  use(shell: Shell): void {
    this.shell = shell;
    writeFileSync(join(this.#fake, 'bin/sh'), START[shell], { mode: 0o755 });
  }

  /** A command that is there from now on. */
  addCommand(name: string): void {
    symlinkSync('fake-root.sh', join(this.#fake, 'bin', name));
  }

  /** Writes files of the machine. */
  write(files: Readonly<Record<string, string | Buffer>>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), content);
    }
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  mode(path: string): string {
    return (statSync(join(this.root, path)).mode & 0o7777).toString(8);
  }

  /** Writes steering files; null removes one. */
  steer(files: Readonly<Record<string, string | Buffer | null>>): void {
    for (const [name, content] of Object.entries(files)) {
      if (content === null) rmSync(join(this.#fake, name));
      else writeFileSync(join(this.#fake, name), content);
    }
  }

  steered(name: string): string {
    return readFileSync(join(this.#fake, name), 'utf8');
  }

  /** Runs the rendered script with a verb, as `sh install-toa.sh VERB` would; `through` a command that runs what it is given. */
  async install(
    script: string,
    verbs: readonly string[] = ['all'],
    env: Readonly<Record<string, string>> = {},
    through: readonly string[] = [],
  ): Promise<Run> {
    const file = join(dirname(this.root), 'install-toa.sh');
    writeFileSync(file, script);
    return await this.#run([file, ...verbs], env, through);
  }

  /** Runs the toa-setup that is installed. */
  async setup(...verbs: readonly string[]): Promise<Run> {
    return await this.#run([join(this.root, 'usr/local/sbin/toa-setup'), ...verbs]);
  }

  /** Runs a script that is installed, as a package manager runs a hook. */
  async hook(path: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
    return await this.#run([this.#rooted(path), ...args], env);
  }

  /** Runs a boot file while the machine's state cannot be written to; it can be when that run has ended, and a load is waited for. */
  async bootReadOnly(path: string): Promise<Run> {
    const script = `
      PATH=$PATH:/usr/bin state=$1 fake=$2
      shift 2
      mount --bind "$state" "$state"
      mount -o remount,bind,ro "$state"
      "$@"
      cp "$fake/log" "$fake/log-read-only"
      umount "$state"
      while :; do grep -qx 'modprobe toa' "$fake/log" && break; sleep 0.1; done
      flock "$state/lock" true`;
    const through = ['/usr/bin/unshare', '--mount', '/bin/sh', '-c', script, 'sh'];
    return await this.#run([this.#rooted(path)], {}, [...through, join(this.root, 'var/lib/toa'), this.#fake]);
  }

  #rooted(path: string): string {
    const text = this.read(path).replaceAll(/\/usr\/local\/sbin\/|\/var\/lib\/toa/g, `${this.root}$&`);
    const copy = join(dirname(this.root), 'hooks', path);
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, text);
    return copy;
  }

  /** Every file and folder below `path`: mode and content. */
  tree(path = '/'): Readonly<Record<string, string>> {
    const entries: Record<string, string> = {};
    for (const name of readdirSync(join(this.root, path), { recursive: true, encoding: 'utf8' }).sort()) {
      const full = join(this.root, path, name);
      const stat = lstatSync(full);
      const content = stat.isSymbolicLink() ? readlinkSync(full) : stat.isFile() ? readFileSync(full, 'utf8') : '';
      entries[name] = `${stat.mode.toString(8)} ${content}`;
    }
    return entries;
  }

  /** What is left in the machine's folder for temporary files. */
  temporary(): readonly string[] {
    return readdirSync(join(dirname(this.root), 'tmp'));
  }

  remove(): void {
    rmSync(dirname(this.root), { recursive: true });
  }

  async #run(
    command: readonly string[],
    more: Readonly<Record<string, string>> = {},
    through: readonly string[] = [],
  ): Promise<Run> {
    writeFileSync(join(this.#fake, 'log'), '');
    const path = `${this.#fake}/bin:${this.#fake}/tools`;
    const env = { PATH: path, FAKE: this.#fake, TOA_ROOT: this.root, TMPDIR: join(dirname(this.root), 'tmp'), ...more };
    const options = { env, extendEnv: false, reject: false, stripFinalNewline: false, timeout: 300_000 } as const;
    const [program = '', ...args] = [...through, `${this.#fake}/bin/sh`, ...command];
    const { exitCode, stdout, stderr } = await execa(program, args, options);
    return { code: exitCode ?? -1, stdout, stderr, commands: this.steered('log').split('\n').slice(0, -1) };
  }

  #linkTool(tool: string): void {
    const dir = ['/usr/bin', '/usr/sbin'].find((path) => existsSync(join(path, tool)));
    symlinkSync(`${dir}/${tool}`, join(this.#fake, 'tools', tool));
  }

  #makeBin(names: readonly string[]): void {
    const bin = join(this.#fake, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'fake-root.sh'), readFileSync(inRepo('test/guest/fake-root.sh')));
    chmodSync(join(bin, 'fake-root.sh'), 0o755);
    for (const name of names) symlinkSync('fake-root.sh', join(bin, name));
    // busybox looks for its own commands before PATH; a function comes before both.
    const shadowed = [...names, 'sh'].filter(
      (name) => !name.includes('-') && (FAKES.split(' ').includes(name) || name === 'sh'),
    );
    const functions = shadowed.map((name) => `${name}() { "${bin}/${name}" "$@"; }\n`);
    writeFileSync(join(this.#fake, 'functions'), functions.join(''));
  }
}

const START: Readonly<Record<Shell, string>> = {
  dash: '#!/bin/sh\nexec /bin/dash "$@"\n',
  bash: '#!/bin/sh\nexec /bin/bash "$@"\n',
  busybox:
    '#!/bin/sh\nexec /bin/busybox sh -c \'. "$FAKE/functions"; case $0 in */*) . "$0" ;; *) . "./$0" ;; esac\' "$@"\n',
};
