/** What keeps a reader through the years: DKMS where it is, held kernels where the plan says so, a newer kernel where the old one's headers are gone. */

import { describe, expect, it } from 'vitest';
import { type FakeMachine, KERNEL, SHELLS, type Shell } from '../support/fakeroot.ts';
import { edited, fake, made, module, ran, receipt, script } from '../support/setup.ts';

const NEWER = '6.1.0-100-amd64';
const COMMANDS = ['gcc', 'make', 'strip', 'python3'];
const byDkms = (release: string) => `/lib/modules/${release}/updates/dkms/toa.ko`;
const DPKG = `install ok installed linux-image-amd64
hold ok installed linux-headers-amd64
install ok installed linux-image-${KERNEL}
install ok installed linux-libc-dev
deinstall ok config-files linux-image-6.1.0-1-amd64
`;

describe.concurrent.each(SHELLS)('DKMS under %s', (shell) => {
  const machineWithDkms = (kernels = [KERNEL]): FakeMachine =>
    fake(shell, { kernels, commands: [...COMMANDS, 'dkms'] });

  it('builds and installs where it is, once, and uninstall leaves nothing', async () => {
    const machine = machineWithDkms();
    const before = machine.tree();
    const run = await machine.install(script());
    expect(run.code, run.stderr).toBe(0);
    expect([made(run), machine.has(module(KERNEL)), machine.has(byDkms(KERNEL))]).toEqual([[], false, true]);
    expect(receipt(machine).kernels).toMatchObject([{ release: KERNEL, module: byDkms(KERNEL) }]);
    const version = /PACKAGE_VERSION=(\S+)/.exec(machine.steered('dkms-added'))?.[1];
    expect(version).toMatch(/^\d+\.\d+\.\d+\.[0-9a-f]{8}$/);
    expect(machine.has(`/usr/src/toa-${version}/toa.c`)).toBe(true);
    const again = await machine.install(script());
    expect(ran(again, 'dkms').filter((line) => !line.startsWith('dkms status'))).toEqual([]);
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect(machine.tree()).toEqual(before);
  });

  it('has a changed source under another version, and the old one goes when the new one is in', async () => {
    const machine = machineWithDkms([KERNEL, NEWER]);
    await machine.install(script());
    const old = machine.read(byDkms(KERNEL));
    const next = await edited((files) => files.replace('pr_info(', 'pr_warn('));
    machine.steer({ [`make-fails-${KERNEL}`]: 'toa.c:1: error: no\n' });
    expect(await machine.install(next)).toMatchObject({ code: 0 });
    // What was there works on where the new one does not build.
    expect(machine.read(byDkms(KERNEL))).toBe(old);
    expect(machine.read(byDkms(NEWER))).not.toContain(old.split(' ')[2]);
    machine.steer({ [`make-fails-${KERNEL}`]: null });
    expect(await machine.install(next)).toMatchObject({ code: 0 });
    expect(machine.read(byDkms(KERNEL))).not.toBe(old);
    expect(Object.keys(machine.tree('/usr/src')).filter((name) => name.endsWith('toa.c'))).toHaveLength(1);
  });

  it('came later: its module takes the place of ours', async () => {
    const machine = fake(shell);
    await machine.install(script());
    expect(machine.has(module(KERNEL))).toBe(true);
    machine.addCommand('dkms');
    expect(await machine.install(script())).toMatchObject({ code: 0 });
    expect([machine.has(module(KERNEL)), machine.has(byDkms(KERNEL))]).toEqual([false, true]);
  });

  it('fails: exit 12 with its reason', async () => {
    const machine = machineWithDkms();
    machine.steer({ [`make-fails-${KERNEL}`]: 'toa.c:1: error: too few arguments\n' });
    expect(await machine.install(script())).toMatchObject({ code: 12 });
    expect(receipt(machine).reason).toContain('too few arguments');
  });
});

describe.concurrent.each(SHELLS)('onUpgrade: hold under %s', (shell) => {
  const hold = (os = 'debian-12', more = '') => script(os, `, kernel: {onUpgrade: hold}${more}`);

  it("apt: holds the kernel's packages, leaves what others hold, and lets go", async () => {
    const machine = fake(shell, { steer: { dpkg: DPKG, marks: 'linux-headers-amd64\n' } });
    const before = machine.tree();
    for (const _ of [1, 2]) {
      const run = await machine.install(hold());
      expect(run.code, run.stderr).toBe(0);
      expect(machine.steered('marks').split('\n').sort()).toEqual(
        ['', 'linux-headers-amd64', 'linux-image-amd64', `linux-image-${KERNEL}`].sort(),
      );
    }
    expect(await machine.install(script())).toMatchObject({ code: 0 });
    expect(machine.steered('marks')).toBe('linux-headers-amd64\n');
    expect(await machine.install(hold())).toMatchObject({ code: 0 });
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect(machine.steered('marks')).toBe('linux-headers-amd64\n');
    expect(machine.tree()).toEqual(before);
  });

  const CONF = '[main]\ngpgcheck=1\nexcludepkgs=foo bar\n';
  const rows: readonly [string, string, string, string, string][] = [
    ['rocky-9', 'ID="rocky"\nVERSION_ID="9.4"\n', '/etc/dnf/dnf.conf', CONF, 'excludepkgs=foo bar kernel kernel-core '],
    ['centos-7', 'ID="centos"\nVERSION_ID="7"\n', '/etc/yum.conf', '[main]\ngpgcheck=1\n', '[main]\nexclude=kernel '],
  ];
  it.each(rows)('%s: excludes them, beside what is excluded', async (os, release, path, conf, expected) => {
    const files = { '/etc/os-release': release, [path]: conf };
    const machine = fake(shell, { files, steer: { rpm: 'elfutils-libelf-devel\n' } });
    const before = machine.tree();
    for (const _ of [1, 2]) {
      const run = await machine.install(hold(os, ', method: module'));
      expect(run.code, run.stderr).toBe(0);
      expect(machine.read(path)).toContain(expected);
      expect(machine.read(path).match(/kernel-core/g)).toHaveLength(1);
    }
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect(machine.tree()).toEqual(before);
  });

  it('zypper: a lock', async () => {
    const files = { '/etc/os-release': 'ID="opensuse-leap"\nVERSION_ID="15.6"\n' };
    const machine = fake(shell, { files, commands: [...COMMANDS, 'perl'] });
    const run = await machine.install(hold('opensuse-leap-15.6'));
    expect(run.code, run.stderr).toBe(0);
    expect(ran(run, 'zypper')).toEqual(['zypper --non-interactive addlock kernel-*']);
    const gone = await machine.setup('uninstall');
    expect(ran(gone, 'zypper')).toEqual(['zypper --non-interactive removelock kernel-*']);
  });
});

describe.concurrent.each(SHELLS)('headers that are served no more, under %s', (shell) => {
  const GONE = `linux-headers-${KERNEL}\n`;
  const old = (kind: Shell, more: Readonly<Record<string, string>> = {}): FakeMachine =>
    fake(kind, { headers: [], steer: { 'headers-release': NEWER, unserved: GONE, dpkg: DPKG, ...more } });

  it('the newest kernel comes with its own, is built for, and waits for the reboot', async () => {
    const machine = old(shell);
    const run = await machine.install(script());
    expect(run.code, run.stderr).toBe(0);
    expect(made(run)[0]).toBe(NEWER);
    expect([machine.has(module(NEWER)), machine.has(module(KERNEL))]).toEqual([true, false]);
    expect(ran(run, 'apt-get').some((line) => line.endsWith('install linux-image-amd64 linux-headers-amd64'))).toBe(
      true,
    );
    expect(receipt(machine)).toMatchObject({ result: 'reboot-needed', running: KERNEL, next: NEWER });
    expect(machine.has('/run/toa-reboot-needed')).toBe(true);
    machine.steer({ release: NEWER });
    expect(await machine.setup('load')).toMatchObject({ code: 0 });
  });

  it('a plan that forbids the reboot says so, and installs no kernel', async () => {
    const machine = old(shell);
    const run = await machine.install(script('debian-12', ', boot: {reboot: never}'));
    expect([run.code, machine.has(`/lib/modules/${NEWER}`)]).toEqual([11, false]);
    expect(receipt(machine)).toMatchObject({
      reason: `apt could not install linux-headers-${KERNEL}: E: Unable to locate package linux-headers-${KERNEL}`,
      hint: expect.stringContaining('boot.reboot: never forbids'),
    });
  });

  it('and neither is the newest one: both reasons are said', async () => {
    const machine = old(shell, { unserved: `${GONE}linux-headers-amd64\n` });
    expect(await machine.install(script())).toMatchObject({ code: 11 });
    expect(receipt(machine).reason).toContain('nor linux-image-amd64 linux-headers-amd64: E: Unable to locate');
  });

  it('dnf: the kernel and its devel package without a version', async () => {
    const release = '5.14.0-427.el9.x86_64';
    const machine = fake(shell, {
      files: { '/etc/os-release': 'ID="rocky"\nVERSION_ID="9.4"\n' },
      ...{ kernels: [release], headers: [], running: release },
      steer: {
        rpm: 'elfutils-libelf-devel\n',
        'headers-release': '5.14.0-503.el9.x86_64',
        unserved: `kernel-devel-${release}\n`,
      },
    });
    const run = await machine.install(script('rocky-9', ', method: module'));
    expect(run.code, run.stderr).toBe(0);
    expect(ran(run, 'dnf')).toEqual([
      expect.stringContaining(`kernel-devel-${release}`),
      'dnf -y install kernel kernel-devel',
      'dnf -y upgrade kernel kernel-devel',
    ]);
    expect(receipt(machine)).toMatchObject({ result: 'reboot-needed', next: '5.14.0-503.el9.x86_64' });
  });
});
