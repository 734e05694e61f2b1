import type { Look, Reader } from '../image/types.ts';
import { firstOf, isFile, linesOf, look, namesIn, pathsIn, readText, textsOf } from './see.ts';
import type { Evidence, PackageFacts } from './types.ts';

const DPKG_STATUS = '/var/lib/dpkg/status';
const STATUS_LIMIT = 64 * 1024 * 1024;

const RPM_DATABASES: readonly string[] = ['/var/lib/rpm', '/usr/lib/sysimage/rpm'].flatMap((base) =>
  ['rpmdb.sqlite', 'Packages', 'Packages.db'].map((name) => `${base}/${name}`),
);

/** Names of packages that carry a kernel, also as patterns that fit such. */
const KERNEL = /^(?:linux-(?:image|headers|generic|virtual|aws|azure|gcp|cloud|kvm|modules)|kernel)/;

/** States of a package that dpkg has nothing left to do for. */
const FINISHED: ReadonlySet<string> = new Set(['installed', 'not-installed', 'config-files']);

/** What the package manager says; absent where the machine has neither dpkg nor rpm. */
export function packageFacts(reader: Reader): Promise<Look<PackageFacts>> {
  return look(async () => {
    if (await isFile(reader, DPKG_STATUS)) return dpkgFacts(reader);
    const database = await firstOf(RPM_DATABASES, (path) => isFile(reader, path));
    return database === undefined ? undefined : rpmFacts(reader);
  });
}

async function dpkgFacts(reader: Reader): Promise<PackageFacts> {
  const packages = await look(() => dpkgPackages(reader));
  return {
    manager: 'dpkg',
    unfinished: await look(async () => {
      if (packages.state !== 'known') return undefined;
      const left = packages.value.filter(({ state, problem }) => !FINISHED.has(state) || problem !== 'ok');
      return left.map(({ name, state, problem }) => `${name} (${problem === 'ok' ? state : problem})`);
    }).then((unfinished) => (packages.state === 'unknown' ? packages : unfinished)),
    held: await look(async () => {
      const pins = await aptPins(reader);
      const held = packages.state === 'known' ? packages.value.filter(({ want }) => want === 'hold') : [];
      return [...held.filter(({ name }) => KERNEL.test(name)).map(({ evidence }) => evidence), ...pins];
    }).then((held) => (packages.state === 'unknown' ? packages : held)),
  };
}

interface DpkgPackage {
  readonly name: string;
  readonly want: string;
  readonly problem: string;
  readonly state: string;
  readonly evidence: Evidence;
}

/** `Package: NAME`, and later in the same paragraph `Status: WANT PROBLEM STATE`. */
async function dpkgPackages(reader: Reader): Promise<readonly DpkgPackage[]> {
  const text = (await readText(reader, DPKG_STATUS, STATUS_LIMIT)) ?? '';
  const found: DpkgPackage[] = [];
  let name = '';
  for (const [whole, key, value = ''] of text.matchAll(/^(Package|Status): (.*)$/gm)) {
    if (key === 'Package') {
      name = value;
      continue;
    }
    const [want = '', problem = '', state = ''] = value.split(' ');
    found.push({ name, want, problem, state, evidence: { path: DPKG_STATUS, line: 0, text: `${name}: ${whole}` } });
  }
  return found;
}

/** `Package: linux-image-*` with a pin: a priority over 1000, or below 0, keeps what is there. */
async function aptPins(reader: Reader): Promise<readonly Evidence[]> {
  const files = ['/etc/apt/preferences', ...(await pathsIn(reader, '/etc/apt/preferences.d', /^[\w.-]+$/))];
  return (await textsOf(reader, files)).flatMap(({ path, text }) =>
    [...text.matchAll(/^Package:\s*(.*)(?:\n.+)*?\nPin-Priority:\s*(-?\d+)/gm)].flatMap(
      ([whole, names = '', priority]) => {
        const holds = Number(priority) < 0 || Number(priority) > 1000;
        const line = text.slice(0, text.indexOf(whole)).split('\n').length;
        const isKernel = names.split(/\s+/).some((name) => KERNEL.test(name));
        return holds && isKernel ? [{ path, line, text: whole.replaceAll('\n', '; ') }] : [];
      },
    ),
  );
}

const LOCK_FILES: readonly string[] = [
  '/etc/dnf/plugins/versionlock.list',
  '/etc/dnf/plugins/versionlock.d/versionlock.toml',
  '/etc/dnf/versionlock.toml',
  '/etc/yum/pluginconf.d/versionlock.list',
  '/etc/zypp/locks',
];

async function rpmFacts(reader: Reader): Promise<PackageFacts> {
  return {
    manager: 'rpm',
    unfinished: await look(async () => {
      const names = await namesIn(reader, '/var/lib/yum');
      const left = names.filter((name) => name.startsWith('transaction-all.'));
      return left.length > 0 ? left.map((name) => `yum ${name}`) : undefined;
    }),
    held: await look(async () => {
      const repositories = await pathsIn(reader, '/etc/yum.repos.d', /\.repo$/);
      const excludes = await textsOf(reader, ['/etc/yum.conf', '/etc/dnf/dnf.conf', ...repositories]);
      const locks = await textsOf(reader, LOCK_FILES);
      return [
        ...excludes.flatMap((file) => linesOf(file, (line) => excludesKernel(line))),
        ...locks.flatMap((file) => linesOf(file, (line) => locksKernel(line))),
      ];
    }),
  };
}

function excludesKernel(line: string): boolean {
  const [, names] = /^exclude(?:pkgs)?\s*=\s*(.*)$/.exec(line) ?? [];
  return (names ?? '').split(/[\s,]+/).some((name) => KERNEL.test(name) || name === '*');
}

/** `0:kernel-5.14…`, `kernel-0:5.14…`, `name = "kernel"`, `solvable_name: kernel-default`. */
function locksKernel(line: string): boolean {
  return /^(?:!?\d+:|name\s*=\s*"|solvable_name:\s*)?(?:kernel|linux-image)\b/.test(line);
}
