import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DISTRIBUTIONS } from '../../src/catalog/distributions/index.ts';
import { FAMILIES } from '../../src/catalog/families.ts';
import type { Distribution, HeadersRule, Release, Traits } from '../../src/catalog/types.ts';
import { ROW_FACTS } from '../support/row-facts.ts';

/** What the tool promises to know, written out: a row that is lost or renamed breaks users' specs. */
const PROMISED = `
  alinux-2 alinux-3 anolis-8 anolis-23
  centos-6 centos-7 centos-8 centos-stream-8 centos-stream-9 centos-stream-10
  rhel-6 rhel-7 rhel-8 rhel-9 rhel-10 rocky-8 rocky-9 rocky-10 almalinux-8 almalinux-9 almalinux-10
  oracle-7 oracle-8 oracle-9 oracle-10 fedora-43 fedora-44 fedora-45 amazon-2 amazon-2023 openeuler-22.03 openeuler-24.03
  opensuse-leap-15.6 opensuse-leap-16.0 sles-15
  ubuntu-14.04 ubuntu-16.04 ubuntu-18.04 ubuntu-20.04 ubuntu-22.04 ubuntu-24.04 ubuntu-26.04
  debian-8 debian-9 debian-10 debian-11 debian-12 debian-13 debian-sid`
  .trim()
  .split(/\s+/);

interface Row extends Traits {
  readonly id: string;
  readonly distribution: Distribution;
  readonly own: Release;
}

const rows: readonly Row[] = DISTRIBUTIONS.flatMap((distribution) =>
  distribution.releases.map((own) => ({
    ...FAMILIES[distribution.family],
    ...distribution,
    ...own,
    id: `${distribution.id}-${own.release}`,
    distribution,
    own,
  })),
);

const named = rows.map((row) => [row.id, row] as const);
const TRAITS = Object.keys(FAMILIES.debian).filter((key) => key !== 'id');

function find(id: string): Row {
  const row = rows.find((candidate) => candidate.id === id);
  if (!row) throw new Error(`no row ${id}`);
  return row;
}

function matches(glob: string, release: string): boolean {
  const pattern = glob.split('*').map((part) => part.replace(/[.+]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`).test(release);
}

/** The packages for a kernel release, by the rules that `HeadersRule` documents. */
function headersFor(rules: readonly HeadersRule[], release: string): readonly string[] | undefined {
  const cut = release.includes('+') ? release.indexOf('+') : release.lastIndexOf('-');
  const values = { release, version: release.slice(0, cut), flavour: release.slice(cut + 1) };
  return rules
    .find((rule) => matches(rule.match, release))
    ?.packages.map((name) =>
      name.replace(/\{(release|version|flavour)\}/g, (_, key: keyof typeof values) => values[key]),
    );
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

describe('the catalog as a whole', () => {
  it('holds every promised target once and no other', () => {
    expect(rows.map((row) => row.id).sort()).toEqual([...PROMISED].sort());
  });

  it('tells every two targets apart by os-release', () => {
    const claims = (row: Row, versionId: string) =>
      versionId === row.own.versionId || (row.own.versionId !== '' && versionId.startsWith(`${row.own.versionId}.`));
    const clashes = rows.flatMap((a) =>
      rows
        .filter((b) => a !== b && a.distribution.osId === b.distribution.osId && claims(a, b.own.versionId))
        .filter((b) => !a.own.osName || !b.own.osName || a.own.osName === b.own.osName)
        .map((b) => `${a.id} also fits ${b.id}`),
    );
    expect(clashes).toEqual([]);
  });

  it('writes out no package registry of the test machines', () => {
    expect(JSON.stringify({ FAMILIES, DISTRIBUTIONS })).not.toMatch(/debian\.org|registry\.npmjs/);
  });

  it('is data: no function, branch or loop in any table', () => {
    const folder = new URL('../../src/catalog/distributions/', import.meta.url);
    const files = [...readdirSync(folder).map((name) => new URL(name, folder)), new URL('../families.ts', folder)];
    const code = files.map((file) =>
      readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\/.*/g, ''),
    );
    expect(code.join('\n')).not.toMatch(/=>|\b(function|if|for|while|switch|return|class)\b|\?/);
  });
});

describe.each(named)('%s', (id, row) => {
  it('has an id that is safe as a folder name and an argument', () => {
    expect(id).toMatch(/^[a-z][a-z0-9.-]*$/);
  });

  it('states only what differs from what it inherits', () => {
    const family: Partial<Record<string, unknown>> = { ...FAMILIES[row.distribution.family] };
    const distribution: Partial<Record<string, unknown>> = { ...row.distribution };
    const release: Partial<Record<string, unknown>> = { ...row.own };
    const repeated = TRAITS.flatMap((trait) => [
      ...(JSON.stringify(distribution[trait]) === JSON.stringify(family[trait]) ? [`distribution: ${trait}`] : []),
      ...(trait in release && JSON.stringify(release[trait]) === JSON.stringify(distribution[trait] ?? family[trait])
        ? [`release: ${trait}`]
        : []),
    ]);
    expect(repeated).toEqual([]);
  });

  it('names sources of its own, not only those of its family', () => {
    const sources = row.own.sources ?? row.distribution.sources ?? [];
    expect(sources.length).toBeGreaterThan(0);
    expect(new Set(sources).size).toBe(sources.length);
    for (const source of sources) expect(source.trim().length).toBeGreaterThan(10);
  });

  it('lists well-formed kernel series, oldest first', () => {
    expect(row.kernels.length).toBeGreaterThan(0);
    for (const series of row.kernels) expect(series).toMatch(/^(2\.6\.\d+|[3-9]\.\d+)$/);
    expect([...new Set(row.kernels)].sort(compareVersions)).toEqual(row.kernels);
  });

  it('has a package for any kernel, and no rule that never applies', () => {
    const globs = row.headers.map((rule) => rule.match);
    expect(globs.indexOf('*')).toBe(globs.length - 1);
    for (const [index, glob] of globs.entries()) {
      const sample = glob.replaceAll('*', '7');
      expect(globs.findIndex((candidate) => matches(candidate, sample))).toBe(index);
    }
  });

  it('gives package names that one shell word can hold, with known placeholders only', () => {
    const names = [...row.buildPackages, ...row.headers.flatMap((rule) => rule.packages)];
    for (const rule of row.headers) expect(rule.packages.join()).toContain('{');
    for (const name of names) expect(name.replace(/\{(release|version|flavour)\}/g, '')).toMatch(/^[a-z0-9.+=-]+$/);
  });

  it('needs a compiler and make', () => {
    expect(row.buildPackages).toEqual(expect.arrayContaining(['gcc', 'make']));
  });

  it("uses its family's package manager", () => {
    const allowed = { debian: ['apt'], rhel: ['yum', 'dnf'], suse: ['zypper'] };
    expect(allowed[row.distribution.family]).toContain(row.packageManager);
  });

  it('has a cloud-init floor that is a version, or none', () => {
    if (row.cloudInit !== null) expect(row.cloudInit).toMatch(/^\d+\.\d+(\.\d+)?$/);
  });

  it('looks for interpreters that run the probe: 2.7 or 3, by absolute path', () => {
    for (const path of row.python) expect(path).toMatch(/^\/usr\/(bin\/python(2\.7|3)|libexec\/platform-python)$/);
    expect(new Set(row.python).size).toBe(row.python.length);
  });

  it('says since when and where the packages of an ended release are', () => {
    if (row.archive === null) return;
    expect(new Date(row.archive.since).toISOString().slice(0, 10)).toBe(row.archive.since);
    expect(row.archive.location).toMatch(/^(https:\/\/\S+\/|[A-Z][^/]+)$/);
  });

  it('has a vendor reader only for kernels that it runs', () => {
    if (row.vendorReader === null) return;
    const { kernelMin } = row.vendorReader;
    expect(row.kernels.some((series) => kernelMin.startsWith(`${series}.`))).toBe(true);
  });
});

describe('a kernel series decides with the rest of its row', () => {
  it.each(named)('%s: only machines with a 2.6 kernel and Ubuntu 14.04 are without systemd', (id, row) => {
    const [oldest = ''] = row.kernels;
    if (oldest.startsWith('2.6.')) expect(row.bootFile).toBe('sysconfig-modules');
    else if (id === 'ubuntu-14.04') expect(row.bootFile).toBe('etc-modules');
    else expect(row.bootFile).toBe('systemd-unit');
  });

  it.each(named)('%s: kernels with ORC unwinding come with libelf', (_, row) => {
    const [oldest = ''] = row.kernels;
    const needs = row.distribution.family === 'rhel' && compareVersions(oldest, '4.14') >= 0;
    if (needs) expect(row.buildPackages).toContain('elfutils-libelf-devel');
  });
});

describe('the headers of releases that were seen on machines', () => {
  it.each([
    ['debian-8', '3.16.0-11-amd64', ['linux-headers-3.16.0-11-amd64']],
    ['debian-12', '6.1.0-56-cloud-amd64', ['linux-headers-6.1.0-56-cloud-amd64']],
    ['debian-12', '6.12.95+deb12-amd64', ['linux-headers-6.12.95+deb12-amd64']],
    ['debian-13', '6.12.117+deb13-rt-amd64', ['linux-headers-6.12.117+deb13-rt-amd64']],
    ['ubuntu-14.04', '3.13.0-170-generic', ['linux-headers-3.13.0-170-generic']],
    ['ubuntu-22.04', '5.15.0-126-generic', ['linux-headers-5.15.0-126-generic']],
    ['ubuntu-22.04', '6.5.0-35-generic', ['linux-headers-6.5.0-35-generic', 'gcc-12']],
    ['ubuntu-24.04', '6.8.0-1058-oracle', ['linux-headers-6.8.0-1058-oracle']],
    ['centos-6', '2.6.32-642.1.1.el6.x86_64', ['kernel-devel-2.6.32-642.1.1.el6.x86_64']],
    ['centos-7', '3.10.0-1160.119.1.el7.x86_64', ['kernel-devel-3.10.0-1160.119.1.el7.x86_64']],
    ['rhel-7', '3.10.0-1062.9.1.rt56.1033.el7.x86_64', ['kernel-rt-devel-3.10.0-1062.9.1.rt56.1033.el7.x86_64']],
    ['rhel-8', '4.18.0-553.rt7.342.el8_10.x86_64', ['kernel-rt-devel-4.18.0-553.rt7.342.el8_10.x86_64']],
    ['rhel-8', '4.18.0-553.rt7.342.el8_10.x86_64+debug', ['kernel-rt-debug-devel-4.18.0-553.rt7.342.el8_10.x86_64']],
    ['rhel-8', '4.18.0-553.el8_10.x86_64+debug', ['kernel-debug-devel-4.18.0-553.el8_10.x86_64']],
    ['rhel-9', '5.14.0-362.8.1.el9_3.x86_64+rt', ['kernel-rt-devel-5.14.0-362.8.1.el9_3.x86_64']],
    ['rhel-9', '5.14.0-284.41.1.el9_2.aarch64+64k', ['kernel-64k-devel-5.14.0-284.41.1.el9_2.aarch64']],
    ['rocky-9', '5.14.0-427.13.1.el9_4.aarch64+64k-debug', ['kernel-64k-debug-devel-5.14.0-427.13.1.el9_4.aarch64']],
    ['fedora-44', '7.1.13-200.fc44.x86_64', ['kernel-devel-7.1.13-200.fc44.x86_64']],
    ['oracle-8', '4.18.0-553.el8_10.x86_64', ['kernel-devel-4.18.0-553.el8_10.x86_64']],
    ['oracle-8', '5.15.0-206.153.7.el8uek.x86_64', ['kernel-uek-devel-5.15.0-206.153.7.el8uek.x86_64']],
    ['amazon-2', '5.10.237-230.949.amzn2.x86_64', ['kernel-devel-5.10.237-230.949.amzn2.x86_64']],
    ['amazon-2023', '6.1.34-59.116.amzn2023.x86_64', ['kernel-devel-6.1.34-59.116.amzn2023.x86_64']],
    ['amazon-2023', '6.12.94-123.190.amzn2023.aarch64', ['kernel6.12-devel-6.12.94-123.190.amzn2023.aarch64']],
    ['alinux-3', '5.10.134-16.1.al8.x86_64', ['kernel-devel-5.10.134-16.1.al8.x86_64']],
    ['openeuler-22.03', '5.10.0-60.18.0.50.oe2203.x86_64', ['kernel-devel-5.10.0-60.18.0.50.oe2203.x86_64']],
    ['sles-15', '6.4.0-150600.23.53-default', ['kernel-default-devel=6.4.0-150600.23.53']],
    ['sles-15', '5.14.21-150400.24.38-64kb', ['kernel-64kb-devel=5.14.21-150400.24.38']],
  ])('%s %s', (id, release, packages) => {
    expect(headersFor(find(id).headers, release)).toEqual(packages);
  });

  const known = Object.entries(ROW_FACTS).flatMap(([id, { kernels }]) => kernels.map((fact) => [id, fact] as const));
  it.each(known)('%s $release', (id, { release, packages }) => {
    expect(headersFor(find(id).headers, release)).toEqual(packages);
  });
});
