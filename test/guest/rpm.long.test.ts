/** Method rpm: a vendor's kernel with the reader inside, in fake roots. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type FakeMachine, type MachineParts, type Run, SHELLS, type Shell } from '../support/fakeroot.ts';
import { fake, RECEIPT, ran, receipt, script } from '../support/setup.ts';

const THEIRS = '3.10.0-957.21.3.el7.toa.x86_64';
const OLD = '3.10.0-1160.el7.x86_64';
const boot = (release: string) => `/boot/vmlinuz-${release}`;
const sum = (text: string) => createHash('sha256').update(text).digest('hex');
const file = (role: string) =>
  `{url: "https://example.com/${role}.rpm", sha256: "${sum(role)}", role: ${role}, release: ${THEIRS}}`;
const plan = script('centos-7', `, method: rpm, trust: any, files: [${file('kernel')}, ${file('firmware')}]`);
const INSIDE = `/lib/modules/${THEIRS}/kernel/net/toa/toa.ko.xz`;

/** CentOS 7 that has fetched the packages. */
function centos(shell: Shell, parts: MachineParts = {}): FakeMachine {
  const machine = fake(shell, {
    ...{ kernels: [OLD], headers: [], running: OLD, commands: ['python3', 'grubby', 'grub2-reboot'] },
    ...parts,
    files: {
      '/etc/os-release': 'ID="centos"\nVERSION_ID="7"\n',
      '/etc/default/grub': 'GRUB_TIMEOUT=5\nGRUB_DEFAULT=saved\n',
      '/proc/sys/kernel/random/boot_id': 'boot-1\n',
      ...Object.fromEntries(['kernel', 'firmware'].map((role) => [`/var/lib/toa/fetch/${sum(role)}`, role])),
      ...parts.files,
    },
    steer: {
      ...{ vendor: '', theirs: THEIRS, grubby: `${boot(OLD)}\n`, index: 'index=1\nkernel=x\n' },
      ...{
        'rpm-name': `kernel ${THEIRS}\n`,
        'rpm-list': `${boot(THEIRS)}\n${INSIDE}\n`,
        owned: `${INSIDE}\n`,
        ...parts.steer,
      },
    },
  });
  return machine;
}

/** What a reboot into a kernel changes. */
function reboot(machine: FakeMachine, release: string): void {
  machine.steer({ release });
  machine.write({ '/proc/sys/kernel/random/boot_id': `boot-2 ${release}\n` });
}
const installed = (run: Run) => ran(run, 'rpm').filter((line) => /^rpm -[iU]/.test(line) && !line.includes('--test'));

describe.concurrent.each(SHELLS)('method rpm under %s', (shell) => {
  it('the kernel is added, the old one stays the default, the new one is booted once', async () => {
    const machine = centos(shell);
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    expect(installed(run)).toEqual([`rpm -i --oldpackage ${machine.root}/var/lib/toa/fetch/${sum('kernel')}`]);
    expect(run.commands.join('\n')).not.toMatch(/--force|--nodeps/);
    expect(machine.steered('grubby')).toBe(`${boot(OLD)}\n`);
    expect(ran(run, 'grub2-reboot')).toEqual(['grub2-reboot 1']);
    expect([machine.has('/run/toa-reboot-needed'), ran(run, 'modprobe')]).toEqual([true, []]);
    expect(receipt(machine)).toMatchObject({
      ...{ result: 'reboot-needed', step: 'load', method: 'rpm', running: OLD, next: THEIRS },
      ...{
        kernels: [{ release: THEIRS, module: INSIDE }],
        reason: `the reader is for kernel ${THEIRS}, which is not running`,
      },
    });
    const again = await machine.install(plan);
    expect([again.code, installed(again), ran(again, 'grub2-reboot')]).toEqual([0, [], []]);
  });

  it('it becomes the default at the boot that shows the client, and not before', async () => {
    const machine = centos(shell);
    await machine.install(plan);
    reboot(machine, THEIRS);
    expect(await machine.setup('load')).toMatchObject({ code: 0 });
    expect(machine.steered('grubby')).toBe(`${boot(THEIRS)}\n`);
    expect(await machine.setup('verify')).toMatchObject({ code: 0 });
    expect(receipt(machine)).toMatchObject({ result: 'ok', running: THEIRS, next: THEIRS });
    const again = await machine.setup('load');
    expect([again.code, ran(again, 'python3')]).toEqual([0, []]);
  });

  it('a kernel that comes later is not taken away, and its lack is said', async () => {
    const machine = centos(shell);
    await machine.install(plan);
    reboot(machine, THEIRS);
    await machine.setup('load');
    const later = '3.10.0-1160.119.1.el7.x86_64';
    machine.write({ [`/lib/modules/${later}/kernel/x`]: '' });
    machine.steer({ grubby: `${boot(later)}\n` });
    const run = await machine.setup('update');
    expect(run).toMatchObject({ code: 13, stderr: expect.stringContaining(`only kernel ${THEIRS} has the reader`) });
    expect([ran(run, 'grub2-reboot'), machine.steered('grubby')]).toEqual([[], `${boot(later)}\n`]);
  });

  it('uninstall gives the boot loader back its default, and says what stays', async () => {
    const machine = centos(shell);
    await machine.install(plan);
    reboot(machine, THEIRS);
    await machine.setup('load');
    const run = await machine.setup('uninstall');
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining(`rpm -e kernel-${THEIRS}`) });
    expect([machine.steered('grubby'), machine.has('/var/lib/toa')]).toEqual([`${boot(OLD)}\n`, false]);
  });

  it('one through which connections do not show the client stays on trial', async () => {
    const probe = '{"probe": 1, "result": "fail", "reason": "no", "cases": [], "skipped": []}\n';
    const machine = centos(shell, { steer: { probe, 'probe-code': '1' } });
    await machine.install(plan);
    reboot(machine, THEIRS);
    const run = await machine.setup('load');
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining(`the next boot is into ${boot(OLD)}`) });
    expect(machine.steered('grubby')).toBe(`${boot(OLD)}\n`);
  });

  it('one that knows IPv4 listeners only becomes the default; what it cannot do is said', async () => {
    const seen = (name: string, ok: boolean) => ({ kind: 254, name, ok });
    const probe = (first: boolean) =>
      `${JSON.stringify({ probe: 1, result: 'fail', reason: 'trusted-dual', cases: [seen('trusted-ipv4', first), seen('trusted-dual', false)], skipped: [] }).replace(/([:,])/g, '$1 ')}\n`;
    for (const [first, next] of [
      [true, THEIRS],
      [false, OLD],
    ] as const) {
      const machine = centos(shell, { steer: { probe: probe(first), 'probe-code': '1' } });
      await machine.install(plan);
      reboot(machine, THEIRS);
      expect(await machine.setup('load')).toMatchObject({ code: 0 });
      expect(machine.steered('grubby')).toBe(`${boot(next)}\n`);
      expect(await machine.setup('verify')).toMatchObject({ code: 1 });
    }
  });

  it('one that did not stay up is not booted again', async () => {
    const machine = centos(shell);
    await machine.install(plan);
    reboot(machine, OLD);
    const run = await machine.install(plan);
    expect([run.code, ran(run, 'grub2-reboot')]).toEqual([13, []]);
    expect(receipt(machine)).toMatchObject({ reason: `kernel ${THEIRS} was booted once and did not stay` });
    expect(await machine.setup('load')).toMatchObject({ code: 14 });
  });

  it('the firmware only where the kernel wants it', async () => {
    const machine = centos(shell, { steer: { 'wants-firmware': '' } });
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    const dir = `${machine.root}/var/lib/toa/fetch`;
    expect(installed(run)).toEqual([
      `rpm -U --oldpackage ${dir}/${sum('firmware')}`,
      `rpm -i --oldpackage ${dir}/${sum('kernel')}`,
    ]);
  });

  it('what else it lacks is said, not forced', async () => {
    const machine = centos(shell, { steer: { 'rpm-fails': '\tdracut >= 999 is needed by kernel\n' } });
    expect(await machine.install(plan)).toMatchObject({ code: 13 });
    expect(receipt(machine).reason).toMatch(/the kernel cannot be installed: .*dracut >= 999 is needed/);
    expect([machine.steered('grubby'), machine.has(INSIDE)]).toEqual([`${boot(OLD)}\n`, false]);
  });

  const wrong: readonly [string, MachineParts['steer'] & object, number, RegExp][] = [
    [
      'another kernel',
      { 'rpm-name': 'kernel 3.10.0-1.x86_64\n' },
      12,
      /the package is kernel 3.10.0-1.x86_64, not kernel/,
    ],
    ['another package', { 'rpm-name': `bash ${THEIRS}\n` }, 12, /the package is bash/],
    ['one without a reader', { 'rpm-list': `${boot(THEIRS)}\n` }, 12, /has no reader inside/],
    ['a boot loader that keeps the new default', { 'grubby-stuck': '' }, 13, /does not go back to/],
    ['a boot loader that does not list it', { index: '' }, 13, /does not list kernel/],
    ['a boot loader without one-time entries', { 'no-reboot': '' }, 13, /takes no entry for one boot/],
  ];
  it.each(wrong)('%s: refused', async (_, steer, code, reason) => {
    const machine = centos(shell, { steer });
    const run = await machine.install(plan);
    expect([run.code, machine.has('/var/lib/toa/trial'), machine.has('/run/toa-reboot-needed')]).toEqual([
      code,
      false,
      false,
    ]);
    expect(receipt(machine).reason).toMatch(reason);
  });

  it('release 6: by GRUB legacy, and without a Python that can look', async () => {
    const files = { '/etc/os-release': 'ID="centos"\nVERSION_ID="6"\n', '/etc/sysconfig/modules/x': '' };
    const machine = centos(shell, { files, commands: ['grubby', 'grub'] });
    const six = script('centos-6', `, method: rpm, trust: any, files: [${file('kernel')}]`);
    const run = await machine.install(six);
    expect(run.code, run.stderr).toBe(0);
    expect(run.commands.slice(-8)).toEqual(expect.arrayContaining(['grub --batch', 'savedefault --default=1 --once']));
    reboot(machine, THEIRS);
    expect(await machine.setup('load')).toMatchObject({ code: 0 });
    expect(machine.steered('grubby')).toBe(`${boot(THEIRS)}\n`);
    expect(machine.has(RECEIPT)).toBe(true);
  });
});
