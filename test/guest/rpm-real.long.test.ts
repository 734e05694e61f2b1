/** toa-setup with the real rpm and dnf, which install below the fake root, from packages and a repository that are made here. */

import { createHash } from 'node:crypto';
import { rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import type { FakeMachine, Run, Shell } from '../support/fakeroot.ts';
import { ROW_FACTS } from '../support/row-facts.ts';
import {
  buildRepository,
  buildRpm,
  develPackage,
  kernelPackage,
  RPM_HOME,
  type RpmPackage,
  readRpm,
  TOOLS,
  usingRepository,
} from '../support/rpm-packages.ts';
import { fake, ran, receipt, script } from '../support/setup.ts';

afterAll(() => rmSync(RPM_HOME, { recursive: true }));

const RUNNING = '5.14.0-427.13.1.el9_4.x86_64';
const NEWER = '5.14.0-503.38.1.el9_5.x86_64';
const ROCKY = { '/etc/os-release': 'NAME="Rocky Linux"\nID="rocky"\nVERSION_ID="9.5"\n' };

/** What rpm knows below the machine's root. */
async function installed(machine: FakeMachine): Promise<readonly string[]> {
  return (await execa('rpm', [`--root=${machine.root}`, '-qa'])).stdout.split('\n').filter(Boolean).sort();
}

/** A machine with a repository, whose own kernel was installed by rpm; compiler and make are there when their packages are. */
async function machineWith(
  shell: Shell,
  packages: readonly RpmPackage[],
  kernel: RpmPackage,
  files: Readonly<Record<string, string>> = ROCKY,
): Promise<FakeMachine> {
  const machine = fake(shell, {
    ...{
      kernels: [],
      headers: [],
      running: kernel.version,
      commands: ['strip', 'python3', 'grubby', 'grub2-reboot', 'curl'],
    },
    files: {
      ...files,
      ...usingRepository(await buildRepository(packages)),
      '/proc/sys/kernel/random/boot_id': 'boot-1\n',
    },
    steer: { grubby: `/boot/vmlinuz-${kernel.version}\n`, index: 'index=1\n' },
  });
  for (const tool of ['gcc', 'make']) {
    symlinkSync(`${machine.root}/usr/bin/${tool}`, `${dirname(machine.root)}/fake/bin/${tool}`);
  }
  await execa('rpm', [`--root=${machine.root}`, '-i', await buildRpm(kernel)]);
  return machine;
}

const deps = async (machine: FakeMachine, target = 'rocky-9', more = ''): Promise<Run> =>
  await machine.install(script(target, `, method: module${more}`), ['deps']);

describe.concurrent('dnf', () => {
  it('brings compiler and headers of the running kernel, once', async () => {
    const machine = await machineWith(
      'dash',
      [...TOOLS, develPackage('kernel-devel', RUNNING, RUNNING), develPackage('kernel-devel', NEWER, NEWER)],
      kernelPackage(RUNNING),
    );
    const run = await deps(machine);
    expect(run.code, run.stderr).toBe(0);
    expect(ran(run, 'dnf')).toEqual([`dnf -y install gcc make elfutils-libelf-devel kernel-devel-${RUNNING}`]);
    expect(await installed(machine)).toEqual(
      ['elfutils-libelf-devel-0.192-5.el9', 'gcc-11.5.0-5.el9', 'make-4.3-8.el9']
        .map((name) => `${name}.x86_64`)
        .concat([`kernel-${RUNNING}`, `kernel-devel-${RUNNING}`])
        .sort(),
    );
    expect(machine.has(`/lib/modules/${RUNNING}/build/Makefile`)).toBe(true);
    const again = await deps(machine);
    expect([again.code, again.stderr, ran(again, 'dnf')]).toEqual([0, '', []]);
  });

  // One of each name that the catalog makes up.
  const named = ['rocky-8', 'rocky-9', 'oracle-8', 'amazon-2023', 'fedora-45', 'openeuler-22.03'].flatMap((id) =>
    (ROW_FACTS[id]?.kernels ?? []).map((fact) => [id, fact] as const),
  );
  it.each(named)('%s: understands what is asked for $release', async (id, { release, packages: [headers = ''] }) => {
    const [, name = '', version = ''] = /^(.*?)-(\d+\.\d+\.\d+-.*)$/.exec(headers) ?? [];
    const [osName, osId, versionId] = ROW_FACTS[id]?.os ?? [];
    const files = { '/etc/os-release': `NAME="${osName}"\nID="${osId}"\nVERSION_ID="${versionId}"\n` };
    const kernel = { ...kernelPackage(release), version: release.replace(/\+.*/, '') };
    const machine = await machineWith('bash', [...TOOLS, develPackage(name, version, release)], kernel, files);
    machine.steer({ release, grubby: `/boot/vmlinuz-${release}\n` });
    const run = await deps(machine, id);
    expect(run.code, run.stderr).toBe(0);
    expect(await installed(machine)).toContain(headers);
  });

  it('a package that the repository lacks: exit 11 names it, and nothing is installed', async () => {
    const tools = TOOLS.filter(({ name }) => name !== 'elfutils-libelf-devel');
    const machine = await machineWith(
      'busybox',
      [...tools, develPackage('kernel-devel', RUNNING, RUNNING)],
      kernelPackage(RUNNING),
    );
    const run = await deps(machine);
    expect(run.code, run.stderr).toBe(11);
    expect(receipt(machine).reason).toContain(
      `dnf could not install gcc make elfutils-libelf-devel kernel-devel-${RUNNING}: Error: Unable to find a match: elfutils-libelf-devel`,
    );
    expect(await installed(machine)).toEqual([`kernel-${RUNNING}`]);
  });

  const served = [...TOOLS, kernelPackage(NEWER), develPackage('kernel-devel', NEWER, NEWER)];
  it('headers of the running kernel are served no more: the newest kernel comes with its own, beside the old one', async () => {
    const machine = await machineWith('dash', served, kernelPackage(RUNNING));
    machine.steer({ grubby: '' });
    const run = await deps(machine);
    expect(run.code, run.stderr).toBe(0);
    expect(ran(run, 'dnf').slice(1)).toEqual(
      ['install', 'upgrade'].map((verb) => `dnf -y ${verb} gcc make elfutils-libelf-devel kernel kernel-devel`),
    );
    expect(await installed(machine)).toEqual(
      expect.arrayContaining([`kernel-${RUNNING}`, `kernel-${NEWER}`, `kernel-devel-${NEWER}`]),
    );
    expect(receipt(machine)).toMatchObject({ running: RUNNING, next: NEWER });
  });

  it('the same where no reboot is allowed: it says so, and installs no kernel', async () => {
    const machine = await machineWith('bash', served, kernelPackage(RUNNING));
    expect(await deps(machine, 'rocky-9', ', boot: {reboot: never}')).toMatchObject({ code: 11 });
    expect(receipt(machine).reason).toContain(`Unable to find a match: kernel-devel-${RUNNING}`);
    expect(await installed(machine)).not.toContain(`kernel-${NEWER}`);
  });

  it('flavours follow: the real-time kernel comes with its own headers', async () => {
    const [old, newer] = ['5.14.0-427.42.1.el9_4.x86_64+rt', '5.14.0-503.38.1.el9_5.x86_64+rt'];
    const rt = (release: string): RpmPackage => ({
      ...kernelPackage(release, {}, [], 'kernel-rt'),
      version: release.replace(/\+.*/, ''),
    });
    const machine = await machineWith(
      'busybox',
      [...TOOLS, rt(newer), develPackage('kernel-rt-devel', NEWER, newer)],
      rt(old),
    );
    machine.steer({ release: old, grubby: '' });
    const run = await deps(machine);
    expect(run.code, run.stderr).toBe(0);
    expect(ran(run, 'dnf').at(-1)).toMatch(/ kernel-rt kernel-rt-devel$/);
    expect(receipt(machine)).toMatchObject({ next: newer });
  });

  it('a kernel that is held is held back from dnf, but not from toa-setup', async () => {
    const machine = await machineWith(
      'dash',
      [...served, develPackage('kernel-devel', RUNNING, RUNNING)],
      kernelPackage(RUNNING),
    );
    const plan = script('rocky-9', ', method: module, kernel: {onUpgrade: hold}');
    expect(await machine.install(plan, ['deps'])).toMatchObject({ code: 0 });
    for (const verb of ['install', 'enable']) expect(await machine.install(plan, [verb])).toMatchObject({ code: 0 });
    const upgrade = async () =>
      await execa('dnf', [`--installroot=${machine.root}`, '--releasever=1', '-y', 'upgrade', 'kernel'], {
        reject: false,
      });
    await upgrade();
    expect(await installed(machine)).not.toContain(`kernel-${NEWER}`);
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    await upgrade();
    expect(await installed(machine)).toContain(`kernel-${NEWER}`);
  });
});

const THEIRS = '3.10.0-957.21.3.el7.toa.x86_64';
const OLD = '3.10.0-1160.108.1.el7.x86_64';
const INSIDE = `/lib/modules/${THEIRS}/kernel/net/toa/toa.ko.xz`;
const CENTOS = {
  '/etc/os-release': 'NAME="CentOS Linux"\nID="centos"\nVERSION_ID="7"\n',
  '/etc/default/grub': 'GRUB_DEFAULT=saved\n',
};
const FIRMWARE = { name: 'kernel-firmware', version: '3.10.0-957.21.3.el7', files: { '/lib/firmware/x': '\n' } };
const NEWER_FIRMWARE = { ...FIRMWARE, version: '3.10.0-1160.el7' };
const vendor = (...requires: readonly string[]): RpmPackage =>
  kernelPackage(THEIRS, { [INSIDE]: 'module\n' }, requires);

/** CentOS 7 whose plan pins these packages. */
async function centos(shell: Shell, pinned: Readonly<Record<string, RpmPackage | Buffer>>) {
  const machine = await machineWith(shell, [], kernelPackage(OLD), CENTOS);
  machine.steer({ vendor: '' });
  const lines: string[] = [];
  for (const [role, one] of Object.entries(pinned)) {
    const bytes = Buffer.isBuffer(one) ? one : await readRpm(one);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    machine.write({ [`/var/lib/toa/fetch/${sha256}`]: bytes });
    lines.push(`{url: "https://example.com/${role}.rpm", sha256: "${sha256}", role: ${role}, release: ${THEIRS}}`);
  }
  return { machine, plan: script('centos-7', `, method: rpm, trust: any, files: [${lines.join(', ')}]`) };
}

describe.concurrent('rpm', () => {
  it('the older kernel of the vendor comes beside the newer one, which stays; once', async () => {
    const { machine, plan } = await centos('dash', { kernel: vendor() });
    const before = machine.tree(`/lib/modules/${OLD}`);
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    expect(await installed(machine)).toEqual([`kernel-${OLD}`, `kernel-${THEIRS}`]);
    expect([machine.has(INSIDE), machine.tree(`/lib/modules/${OLD}`)]).toEqual([true, before]);
    expect(receipt(machine)).toMatchObject({
      result: 'reboot-needed',
      next: THEIRS,
      kernels: [{ release: THEIRS, module: INSIDE }],
    });
    expect(run.commands.join('\n')).not.toMatch(/--force|--nodeps/);
    const again = await machine.install(plan);
    expect([again.code, ran(again, 'rpm').filter((line) => / -[iU]/.test(line))]).toEqual([0, []]);
    machine.steer({ release: THEIRS });
    machine.write({ '/proc/sys/kernel/random/boot_id': 'boot-2\n' });
    expect(await machine.setup('load')).toMatchObject({ code: 0 });
    expect(machine.steered('grubby')).toBe(`/boot/vmlinuz-${THEIRS}\n`);
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect(await installed(machine)).toEqual([`kernel-${OLD}`, `kernel-${THEIRS}`]);
    expect([machine.has(INSIDE), machine.has('/var/lib/toa')]).toEqual([true, false]);
  });

  it('firmware that it needs is installed before it', async () => {
    const { machine, plan } = await centos('bash', {
      kernel: vendor('kernel-firmware >= 3.10.0-957'),
      firmware: FIRMWARE,
    });
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    expect(await installed(machine)).toEqual(
      [`kernel-${OLD}`, `kernel-${THEIRS}`, `kernel-firmware-${FIRMWARE.version}.x86_64`].sort(),
    );
  });

  it('firmware that is there and newer stays', async () => {
    const { machine, plan } = await centos('busybox', {
      kernel: vendor('kernel-firmware >= 3.10.0-957'),
      firmware: FIRMWARE,
    });
    await execa('rpm', [`--root=${machine.root}`, '-i', await buildRpm(NEWER_FIRMWARE)]);
    expect(await machine.install(plan)).toMatchObject({ code: 0 });
    expect(await installed(machine)).toContain(`kernel-firmware-${NEWER_FIRMWARE.version}.x86_64`);
  });

  const refused: readonly [string, Readonly<Record<string, RpmPackage | Buffer>>, number, RegExp][] = [
    [
      'firmware that nobody pinned',
      { kernel: vendor('kernel-firmware >= 3.10.0-957') },
      13,
      /kernel-firmware >= 3\.10\.0-957 is needed by kernel/,
    ],
    [
      'another dependency',
      { kernel: vendor('dracut >= 999') },
      13,
      /cannot be installed: .*dracut >= 999 is needed by kernel/,
    ],
    [
      'a conflict of files',
      { kernel: kernelPackage(THEIRS, { [INSIDE]: 'x\n', [`/boot/vmlinuz-${OLD}`]: 'other\n' }) },
      13,
      /conflicts/,
    ],
    [
      'another kernel than the plan says',
      { kernel: kernelPackage(NEWER) },
      12,
      /the package is kernel 5\.14.*, not kernel/,
    ],
    ['no reader inside', { kernel: kernelPackage(THEIRS) }, 12, /has no reader inside/],
    ['no package', { kernel: Buffer.from('<html>404</html>\n') }, 12, /rpm cannot read the package/],
  ];
  it.each(refused)('%s: refused, and the machine stays as it was', async (_, pinned, code, reason) => {
    const { machine, plan } = await centos('dash', pinned);
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(code);
    expect(receipt(machine).reason).toMatch(reason);
    expect(await installed(machine)).toEqual([`kernel-${OLD}`]);
    expect([machine.has(INSIDE), machine.steered('grubby')]).toEqual([false, `/boot/vmlinuz-${OLD}\n`]);
  });
});
