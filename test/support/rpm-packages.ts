/** Package files and repositories for the real rpm and dnf: stand-ins with as much inside as toa-setup looks at. */

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

/** A package and what it brings. */
export interface RpmPackage {
  readonly name: string;
  /** VERSION-RELEASE, with or without `.x86_64` at the end, which is what all are for. */
  readonly version: string;
  /** Contents by path; those below /usr/bin can be run. */
  readonly files?: Readonly<Record<string, string>>;
  readonly requires?: readonly string[];
}

/** A kernel as `uname -r` says it, with what is beside its modules. */
export const kernelPackage = (
  release: string,
  files: RpmPackage['files'] = {},
  requires: readonly string[] = [],
  name = 'kernel',
): RpmPackage => ({
  ...{ name, version: release, requires },
  files: {
    [`/boot/vmlinuz-${release}`]: 'kernel\n',
    [`/lib/modules/${release}/kernel/net/other.ko`]: '\n',
    [`/lib/modules/${release}/modules.dep`]: './kernel/net/other.ko\n',
    ...files,
  },
});

/** The headers of a kernel; the package's own release may lack the flavour that the kernel's has. */
export const develPackage = (name: string, version: string, release: string): RpmPackage => ({
  ...{ name, version },
  files: { [`/lib/modules/${release}/build/Makefile`]: '\n' },
});

/** Compiler and what else a build asks for. */
export const TOOLS: readonly RpmPackage[] = [
  { name: 'gcc', version: '11.5.0-5.el9', files: { '/usr/bin/gcc': '#!/bin/sh\n' } },
  { name: 'make', version: '4.3-8.el9', files: { '/usr/bin/make': '#!/bin/sh\n' } },
  { name: 'elfutils-libelf-devel', version: '0.192-5.el9', files: { '/usr/include/libelf.h': '\n' } },
];

const HOME = mkdtempSync(join(tmpdir(), 'toa-bake-rpm-'));
/** All that was built here; remove it at the end. */
export const RPM_HOME = HOME;

/** Builds the package once; answers its file. */
export async function buildRpm(one: RpmPackage): Promise<string> {
  const [version = '', release = ''] = one.version.replace(/\.x86_64$/, '').split('-');
  const top = mkdtempSync(join(HOME, 'build-'));
  for (const [path, content] of Object.entries(one.files ?? {})) {
    mkdirSync(dirname(join(top, 'files', path)), { recursive: true });
    writeFileSync(join(top, 'files', path), content, { mode: path.startsWith('/usr/bin/') ? 0o755 : 0o644 });
  }
  mkdirSync(join(top, 'files'), { recursive: true });
  const head = [
    `Name: ${one.name}`,
    `Version: ${version}`,
    `Release: ${release}`,
    'Summary: A stand-in',
    'License: None',
    'AutoReqProv: no',
    ...(one.requires ?? []).map((what) => `Requires: ${what}`),
  ];
  const body = ['%description', 'A stand-in.', '%install', `cp -r ${top}/files/. %{buildroot}`, '%files'];
  writeFileSync(join(top, 'spec'), [...head, ...body, ...Object.keys(one.files ?? {}), ''].join('\n'));
  const macros = {
    ...{ _topdir: top, _rpmdir: top, _build_name_fmt: '%%{NAME}.rpm', debug_package: '%{nil}' },
    ...{ __os_install_post: '%{nil}', _build_id_links: 'none' },
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  await execa('rpmbuild', ['-bb', '--quiet', '--nodeps', '--target', 'x86_64', ...defines, join(top, 'spec')]);
  return join(top, `${one.name}.rpm`);
}

export const readRpm = async (one: RpmPackage): Promise<Buffer> => readFileSync(await buildRpm(one));

/** A repository of these packages: its folder. */
export async function buildRepository(packages: readonly RpmPackage[]): Promise<string> {
  const folder = mkdtempSync(join(HOME, 'repository-'));
  for (const one of packages) {
    const file = `${one.name}-${one.version.replace(/\.x86_64$/, '')}.x86_64.rpm`;
    writeFileSync(join(folder, file), await readRpm(one));
  }
  await execa('createrepo_c', ['--quiet', folder]);
  return folder;
}

/** Files of a machine that uses this repository and no other. */
export const usingRepository = (folder: string): Readonly<Record<string, string>> => ({
  '/etc/dnf/dnf.conf': '[main]\ngpgcheck=0\n',
  '/etc/yum.repos.d/made.repo': `[made]\nname=made\nbaseurl=file://${folder}\n`,
});
