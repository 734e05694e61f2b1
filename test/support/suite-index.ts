/** The package lists of Debian's suites, as the mirrors of this machine serve them: which names there are, and what apt makes of them. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { findTarget } from '../../src/plan/targets.ts';
import { aptConfiguration } from './apt.ts';
import { cached } from './cache.ts';
import type { RowFacts } from './row-facts.ts';

/** As `dpkg --print-architecture` says it. */
export type DebArch = 'amd64' | 'arm64';

/** One suite for one architecture, with its updates, its security archive and its backports where it has them. */
export interface SuiteIndex {
  /** Every package's name. */
  readonly names: readonly string[];
  /** What apt says to an installation that it only simulates, or throws. */
  readonly simulate: (packages: readonly string[]) => Promise<string>;
}

/** Rows whose suites the mirrors serve. */
export const SERVED: Readonly<Record<string, { readonly suite: string; readonly versionId: string }>> = {
  'debian-11': { suite: 'bullseye', versionId: '11' },
  'debian-12': { suite: 'bookworm', versionId: '12' },
  'debian-13': { suite: 'trixie', versionId: '13' },
  'debian-sid': { suite: 'sid', versionId: '' },
};

/** What is known of such a row, from the suite itself: the newest kernel of each series and flavour, and names that could be asked for. */
export type ServedFacts = RowFacts & { readonly names: readonly string[]; readonly index: SuiteIndex };

export async function servedFacts(id: string, arch: DebArch = 'amd64'): Promise<ServedFacts> {
  const row = SERVED[id];
  if (!row) throw new Error(`nobody serves ${id}`);
  const index = await suiteIndex(row.suite, arch);
  // Mirrors keep kernels of past backports, whose headers are gone.
  const isListed = (release: string) => findTarget(id)?.kernels.includes(release.split('.').slice(0, 2).join('.'));
  return {
    os: ['Debian GNU/Linux', 'debian', row.versionId],
    manager: 'apt',
    kernels: newestKernels(index)
      .filter(isListed)
      .map((release) => ({
        release,
        packages: index.names.filter((name) => name === `linux-headers-${release}`),
        source: `the package lists of ${row.suite}`,
      })),
    index,
    names: index.names.filter((name) => /^(linux-|gcc|make$|perl$)/.test(name)),
  };
}

/** Mirrors drop what nobody updates. */
const BACKPORTS: readonly string[] = ['bookworm', 'trixie'];

/** Part of the key: raise it with every change of this file that changes what is fetched. */
const RECIPE = 1;

/** Fetched once a month, since kernels come and go; a quarter of a minute each. What is cached stays where it is: apt has absolute paths. */
export async function suiteIndex(suite: string, arch: DebArch): Promise<SuiteIndex> {
  const apt = await aptConfiguration(suite);
  const backports = apt.sources
    .filter((line) => line.split(' ')[2] === suite && BACKPORTS.includes(suite))
    .map((line) => line.replace(` ${suite} `, ` ${suite}-backports `));
  const month = new Date().toISOString().slice(0, 7);
  const inputs = { recipe: RECIPE, suite, arch, apt, backports, month };
  const directory = await cached(`index-${suite}-${arch}`, inputs, async (part) => {
    await prepare(part, [...apt.sources, ...backports]);
    await writeFile(join(part, 'apt.conf'), configuration(part, arch, apt.settings));
    await run(part, 'apt-get', ['update']);
    await writeFile(join(part, 'names'), (await run(part, 'apt-cache', ['pkgnames'])).split('\n').sort().join('\n'));
    // The folder is about to get its final name.
    await writeFile(join(part, 'apt.conf'), configuration(part.replace(/\.part$/, ''), arch, apt.settings));
  });
  return {
    names: (await readFile(join(directory, 'names'), 'utf8')).split('\n'),
    simulate: (packages) => run(directory, 'apt-get', ['-s', '-y', '--no-install-recommends', 'install', ...packages]),
  };
}

/** The newest release of each series and flavour for which the suite has a kernel: "6.12.117+deb12-cloud-amd64". */
export function newestKernels({ names }: SuiteIndex): readonly string[] {
  const releases = names.flatMap(
    (name) => /^linux-image-(\d+\.\d+\.\d[^-]*(?:-[\d.a-z]*\d)?-[a-z].*)$/.exec(name)?.[1] ?? [],
  );
  const ours = releases.filter((release) => !/-(dbg|unsigned)$|template/.test(release)).sort(inOrder);
  return [...new Map(ours.map((release) => [seriesAndFlavour(release), release])).values()];
}

const inOrder = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

function seriesAndFlavour(release: string): string {
  return `${release.split('.').slice(0, 2).join('.')} ${release.replace(/^[^a-z]*(deb\d+[.\d+]*)?-?/, '')}`;
}

async function prepare(directory: string, sources: readonly string[]): Promise<void> {
  for (const path of ['etc/apt/preferences.d', 'lists/partial', 'cache/archives/partial']) {
    await mkdir(join(directory, path), { recursive: true });
  }
  await writeFile(join(directory, 'sources.list'), `${sources.join('\n')}\n`);
  await writeFile(join(directory, 'status'), '');
}

/** An apt of its own: nothing is installed, and this machine's keys are believed. */
function configuration(directory: string, arch: DebArch, settings: readonly string[]): string {
  const paths = {
    'Dir::Etc': join(directory, 'etc/apt'),
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::trustedparts': '/etc/apt/trusted.gpg.d',
    'Dir::State': directory,
    'Dir::State::lists': join(directory, 'lists'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': join(directory, 'cache'),
    // Half a hundred megabytes that only another list of sources would need.
    'Dir::Cache::srcpkgcache': '',
    'Acquire::GzipIndexes': 'true',
    'APT::Architecture': arch,
  };
  const lines = Object.entries(paths).map(([key, value]) => `${key} "${value}";`);
  return [...settings, ...lines, `APT::Architectures {"${arch}";};`, ''].join('\n');
}

async function run(directory: string, program: string, args: readonly string[]): Promise<string> {
  const env = { APT_CONFIG: join(directory, 'apt.conf'), LC_ALL: 'C' };
  return (await execa(program, args, { env, timeout: 600_000 })).stdout;
}
