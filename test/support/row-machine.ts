/** A fake machine of any row for any method: what it has, the spec that fits it, and what spoils each verb. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compareSeries } from '../../src/plan/series.ts';
import { TARGETS, type Target } from '../../src/plan/targets.ts';
import { tarOf } from './archive.ts';
import type { FakeMachine, Run, Shell } from './fakeroot.ts';
import { ROW_FACTS, type RowFacts } from './row-facts.ts';
import { fake, script } from './setup.ts';
import type { ServedFacts } from './suite-index.ts';

/** Every verb of toa-setup, in the order in which a machine goes through them. */
export const VERBS = [
  ...['preflight', 'deps', 'fetch', 'build', 'install', 'enable', 'load', 'verify', 'status'],
  ...['update', 'repair', 'disable', 'uninstall'],
] as const;

/** What makes a verb fail, and with which exit code. `mend` takes it back. */
export interface Fault {
  readonly code: number;
  readonly spoil: () => void;
  readonly mend: () => void;
}

/** A row's machine, which has neither compiler nor headers nor what is to be fetched. */
export interface RowMachine {
  readonly machine: FakeMachine;
  /** install-toa.sh of its plan. */
  readonly script: string;
  /** Its files, unpacked as install-toa.sh does it: verbs run from here until toa-setup is installed. */
  readonly payload: string;
  readonly target: Target;
  /** The running kernel. */
  readonly kernel: string;
  /** The kernel with the reader: the running one, or the vendor's. */
  readonly reader: string;
  /** A kernel that comes later. */
  readonly newer: string;
  /** The command of its package manager, and what is asked of it, in this order. */
  readonly manager: string;
  readonly wanted: readonly string[];
}

const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const MAKEFILE = 'obj-m := toa.o\n';
const ARCHIVE = gzipSync(
  tarOf(
    ['toa_kernel2.x', 'toa_kernel3.x', 'toa_kernel_common'].flatMap((folder) => [
      { name: `${folder}/`, type: '5' as const },
      { name: `${folder}/Makefile`, content: MAKEFILE },
      { name: `${folder}/toa.c`, content: '/* nothing */\n' },
    ]),
  ),
);
/** As much of an ELF file as is looked at. */
const MODULE = Buffer.concat([
  Buffer.from('\x7fELF'),
  Buffer.alloc(14),
  Buffer.from([0x3e, 0]),
  Buffer.from('module\n'),
]);
const RPM = Buffer.from('kernel\n');

/** Which files a method takes from the spec. */
const FILES: Readonly<Record<string, { readonly role: string; readonly name: string; readonly bytes: Buffer }>> = {
  source: { role: 'source', name: 'toa.tar.gz', bytes: ARCHIVE },
  prebuilt: { role: 'module', name: 'toa.ko', bytes: MODULE },
  rpm: { role: 'kernel', name: 'kernel.rpm', bytes: RPM },
};

/** The machine of a row. `facts` are what is known of it; `pick` chooses among its kernels. */
export function rowMachine(
  id: string,
  method: string,
  shell: Shell,
  facts: RowFacts | ServedFacts,
  pick = 0,
): RowMachine {
  const target = TARGETS.find((row) => row.id === id);
  const suits = method === 'ebpf' ? facts.kernels.filter(hasPrograms) : facts.kernels;
  const fact = suits[pick % suits.length];
  if (!target || !fact) throw new Error(`nothing is known of ${id}`);
  const kernel = fact.release;
  const reader = method === 'rpm' ? vendorKernel(kernel) : kernel;
  const machine = fake(shell, {
    kernels: [kernel],
    headers: [],
    running: kernel,
    commands: ['strip', 'python3', 'curl', ...(method === 'rpm' ? ['grubby', 'grub', 'grub2-reboot'] : [])],
    tools: ['tar', 'gzip'],
    files: { ...osFiles(facts), '/etc/default/grub': 'GRUB_DEFAULT=saved\n' },
    steer: {
      packages: packageLines(facts),
      ...(method !== 'module' && { vendor: '' }),
      ...(method === 'prebuilt' && { vermagic: `${kernel} SMP\n` }),
      ...(method === 'rpm' && vendorSteer(kernel, reader)),
      ...(FILES[method] && { [`web-${FILES[method].name}`]: FILES[method].bytes }),
    },
  });
  if (typeof facts.os === 'string') rmSync(`${machine.root}/etc/os-release`);
  const text = script(id, spec(method, reader));
  return {
    ...{ machine, target, kernel, reader, newer: later(kernel) },
    ...{ script: text, payload: unpack(text, join(dirname(machine.root), 'payload')) },
    manager: facts.manager === 'apt' ? 'apt-get' : facts.manager,
    wanted: method === 'vtoa' ? ['vtoa'] : [...target.buildPackages, ...fact.packages],
  };
}

/** Runs one verb, as people and units do where toa-setup is installed. */
export async function runVerb({ machine, payload }: RowMachine, verb: string): Promise<Run> {
  return verb !== 'install' && machine.has('/usr/local/sbin/toa-setup')
    ? await machine.setup(verb)
    : await machine.install('sh "$TOA_PAYLOAD/usr/local/sbin/toa-setup" "$@"\n', [verb], { TOA_PAYLOAD: payload });
}

function unpack(script: string, directory: string): string {
  const [, hash = '', ...lines] = (script.split(/^(?=# --- files ---$)/m)[1] ?? '').split('\n');
  for (let at = 0; lines[at]?.startsWith('toa-file '); ) {
    const [, mode = '', count = '', path = ''] = lines[at]?.split(' ') ?? [];
    const end = at + 1 + Number(count);
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), `${lines.slice(at + 1, end).join('\n')}\n`, {
      mode: Number.parseInt(mode, 8),
    });
    at = end;
  }
  writeFileSync(join(directory, 'usr/local/lib/toa/payload.sha256'), `${hash}\n`);
  return directory;
}

/** What is known of a row whose packages are not served here; those of Debian come from suite-index.ts. */
export function knownFacts(id: string): RowFacts | undefined {
  return ROW_FACTS[id];
}

function spec(method: string, release: string): string {
  const file = FILES[method];
  if (!file) return method === 'module' ? ', method: module' : `, method: ${method}, trust: any`;
  const kernel = method === 'source' ? '' : `, release: "${release}"`;
  const entry = `{url: "https://example.com/${file.name}", sha256: "${sum(file.bytes)}", role: ${file.role}${kernel}}`;
  return `, method: ${method}, trust: any, files: [${entry}]`;
}

/** Files of a row's machine that say what it is. */
export function osFiles({ os }: RowFacts): Readonly<Record<string, string>> {
  const boot = { '/proc/sys/kernel/random/boot_id': 'boot-1\n' };
  // What there is without systemd is there everywhere, so that nobody can tell a row by it.
  const more = { ...boot, '/etc/modules': '# list\nloop\n', '/etc/sysconfig/modules/other.modules': '\n' };
  if (typeof os === 'string') return { ...more, '/etc/redhat-release': `${os}\n` };
  const [name, id, versionId] = os;
  return { ...more, '/etc/os-release': `NAME="${name}"\n${versionId && `VERSION_ID="${versionId}"\n`}ID="${id}"\n` };
}

/** Lines for the fake package managers: NAME [KERNEL]. */
export function packageLines(facts: RowFacts | ServedFacts): string {
  const headers = facts.kernels.flatMap(({ release, packages }) => packages.map((name) => `${name} ${release}`));
  const tools = 'names' in facts ? facts.names : ['gcc', 'make', 'perl', 'elfutils-libelf-devel', 'gcc-12'];
  return [...headers, ...tools.filter((name) => !headers.some((line) => line.startsWith(`${name} `))), ''].join('\n');
}

/** Whether the method's programs know a kernel. */
const hasPrograms = ({ release }: { readonly release: string }): boolean =>
  compareSeries(release.split('.', 2).join('.'), '5.10') >= 0;

/** The same kernel with the vendor's mark, as the page's are named. */
const vendorKernel = (kernel: string): string => kernel.replace(/(\.x86_64)$/, '.toa$1');

const vendorSteer = (kernel: string, reader: string): Readonly<Record<string, string>> => ({
  theirs: reader,
  grubby: `/boot/vmlinuz-${kernel}\n`,
  index: 'index=1\n',
  'rpm-name': `kernel ${reader}\n`,
  owned: `/lib/modules/${reader}/kernel/net/toa/toa.ko.xz\n`,
  'rpm-list': `/lib/modules/${reader}/kernel/net/toa/toa.ko.xz\n`,
});

/** One number higher where releases count. */
const later = (kernel: string): string =>
  /-\d/.test(kernel)
    ? kernel.replace(/-(\d+)/, (_, count: string) => `-${Number(count) + 1}`)
    : kernel.replace(/^(\d+\.\d+\.)(\d+)/, (_, series: string, count: string) => `${series}${Number(count) + 1}`);

/** What spoils a verb. Verbs that do nothing of their own for a method are spoiled by what spoils all: a plan that is cut off. */
export function faultOf(verb: (typeof VERBS)[number], method: string, row: RowMachine): Fault {
  return faults(method, row)[verb] ?? cutPlan(row);
}

function faults(method: string, row: RowMachine): Partial<Record<(typeof VERBS)[number], Fault>> {
  const { machine, kernel, newer, target } = row;
  const steer = (name: string, code: number, text = 'error: spoiled\n', normal: string | null = null): Fault => ({
    code,
    spoil: () => machine.steer({ [name]: text }),
    mend: () => machine.steer({ [name]: normal }),
  });
  const away = (path: string, code: number): Fault => ({
    code,
    spoil: () => renameSync(`${machine.root}${path}`, `${machine.root}/away`),
    mend: () => renameSync(`${machine.root}/away`, `${machine.root}${path}`),
  });
  const added = (code: number): Fault => ({
    code,
    spoil: () => machine.write({ [`/lib/modules/${newer}/kernel/net/other.ko`]: '\n' }),
    mend: () => machine.write({ [`/lib/modules/${newer}/build/Makefile`]: '\n' }),
  });
  const os = machine.has('/etc/os-release') ? '/etc/os-release' : '/etc/redhat-release';
  const common = {
    preflight: away(os, 10),
    install: steer('sync-fails', 13),
    enable:
      target.bootFile === 'systemd-unit'
        ? steer('enable-fails', 13)
        : target.bootFile === 'etc-modules'
          ? steer('sync-fails', 13)
          : away('/etc/sysconfig/modules/toa.modules', 13),
    load: steer('modprobe-fails', 14),
    verify: steer('probe-code', 1, '1', '0'),
    status: away(`/sys/module/${method === 'vtoa' ? 'vtoa' : 'toa'}`, 1),
    disable: steer('unload-fails', 1),
    uninstall: steer('unload-fails', 1),
  };
  const fetch = steer('curl-fails', 17, 'curl: (22) error\n');
  const packages = steer('packages-fail', 11, 'Error: spoiled\n');
  switch (method) {
    case 'module':
    case 'source': {
      const make = steer(`make-fails-${kernel}`, 12);
      const own = { deps: packages, build: make, update: added(11), repair: { ...make, ...unbuilt(row, make) } };
      return { ...common, ...own, ...(method === 'source' && { fetch }) };
    }
    case 'prebuilt': {
      const vermagic = steer('vermagic', 12, '9.9.9 SMP\n', `${kernel} SMP\n`);
      const gone = { ...added(10), mend: () => rmSync(`${machine.root}/lib/modules/${newer}`, { recursive: true }) };
      return { ...common, fetch, build: vermagic, update: gone, repair: { ...vermagic, ...unbuilt(row, vermagic) } };
    }
    case 'rpm': {
      const other = steer('grubby', 13, `/boot/vmlinuz-${kernel}\n`, `/boot/vmlinuz-${row.reader}\n`);
      return {
        ...common,
        fetch,
        build: steer('rpm-name', 12, 'kernel 1-1.x86_64\n', `kernel ${row.reader}\n`),
        update: other,
        repair: other,
      };
    }
    case 'ebpf': {
      const { preflight, install, enable, verify } = common;
      const programs = { load: steer('bpf-fails', 14), status: away('/sys/fs/bpf/toa', 1) };
      return { preflight, install, enable, verify, ...programs };
    }
    default: {
      const unit = away('/usr/lib/systemd/system/vtoa.service', 12);
      return {
        ...common,
        deps: packages,
        build: unit,
        load: steer('unit-fails', 14),
        update: unit,
        repair: lost(packages, unit),
      };
    }
  }
}

/** The build of the running kernel is lost, and cannot be made anew. */
function unbuilt({ machine, kernel }: RowMachine, fault: Fault): Pick<Fault, 'spoil'> {
  return {
    spoil: () => {
      rmSync(`${machine.root}/var/lib/toa/built/${kernel}`, { recursive: true });
      fault.spoil();
    },
  };
}

function lost(packages: Fault, unit: Fault): Fault {
  return {
    code: 11,
    spoil: () => {
      packages.spoil();
      unit.spoil();
    },
    mend: () => {
      packages.mend();
      unit.mend();
    },
  };
}

function cutPlan({ machine, payload }: RowMachine): Fault {
  const installed = `${machine.root}/etc/toa/toa.env`;
  const path = existsSync(installed) ? installed : `${payload}/etc/toa/toa.env`;
  const whole = readFileSync(path, 'utf8');
  return {
    code: 1,
    spoil: () => writeFileSync(path, whole.replace(/^TOA_KINDS=.*\n/m, '')),
    mend: () => writeFileSync(path, whole),
  };
}
