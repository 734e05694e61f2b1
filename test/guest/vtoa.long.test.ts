/** Method vtoa: the distribution's own reader, in fake roots. */

import { describe, expect, it } from 'vitest';
import { type MachineParts, SHELLS } from '../support/fakeroot.ts';
import { fake, RECEIPT, ran, receipt, script } from '../support/setup.ts';

const OLD = '5.10.112-11.al8.x86_64';
const NEW = '5.10.134-16.1.al8.x86_64';
const UNIT = '/usr/lib/systemd/system/vtoa.service';
const inside = (release: string) => `/lib/modules/${release}/kernel/net/vtoa.ko`;
const plan = script('alinux-3', ', method: vtoa, trust: any');

/** Alibaba Cloud Linux 3 with one kernel. */
function alinux(release: string, files: MachineParts['files'] = {}, steer: MachineParts['steer'] = {}): MachineParts {
  return {
    files: { '/etc/os-release': 'ID="alinux"\nVERSION_ID="3"\nNAME="Alibaba Cloud Linux"\n', ...files },
    ...{ kernels: [release], headers: [], running: release, commands: ['python3'], steer: { vendor: '', ...steer } },
  };
}

describe.concurrent.each(SHELLS)('method vtoa under %s', (shell) => {
  it('inside the kernel: loaded by name, nothing is installed or built', async () => {
    const machine = fake(shell, alinux(OLD, { [inside(OLD)]: 'vtoa\n' }));
    machine.write({ [`/lib/modules/${OLD}/modules.dep`]: './kernel/net/other.ko\n./kernel/net/vtoa.ko\n' });
    const before = machine.tree();
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    expect([ran(run, 'dnf'), ran(run, 'make'), ran(run, 'modprobe')]).toEqual([[], [], ['modprobe vtoa']]);
    expect(receipt(machine)).toMatchObject({
      ...{ result: 'ok', step: 'verify', method: 'vtoa', trusted: ['any'] },
      kernels: [{ release: OLD, module: inside(OLD) }],
    });
    expect(await machine.setup('status')).toMatchObject({ code: 0 });
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect([machine.has('/sys/module/vtoa'), machine.tree()]).toEqual([false, before]);
  });

  it('a newer kernel: the package, and its unit', async () => {
    const machine = fake(shell, alinux(NEW));
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    expect([ran(run, 'dnf'), ran(run, 'modprobe')]).toEqual([['dnf -y install vtoa'], []]);
    expect(run.commands).toContain('systemctl start vtoa.service');
    expect(receipt(machine)).toMatchObject({ result: 'ok', kernels: [{ release: NEW, module: UNIT }] });
    const again = await machine.install(plan);
    expect([again.code, ran(again, 'dnf')]).toEqual([0, []]);
  });

  it('is loaded at every boot by toa.service alone', async () => {
    const machine = fake(shell, alinux(OLD, { [inside(OLD)]: 'vtoa\n' }));
    const run = await machine.install(plan);
    expect(ran(run, 'systemctl')[0]).toBe(`systemctl --root=${machine.root} enable toa.service toa-ready.target`);
    expect(machine.read('/etc/systemd/system/toa.service')).toContain('toa-setup load');
    expect(run.commands.filter((line) => line.includes('enable vtoa'))).toEqual([]);
  });

  it('preflight says what it would do, and changes nothing', async () => {
    const machine = fake(shell, alinux(NEW));
    const before = machine.tree();
    const run = await machine.install(plan, []);
    expect(run).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('all would use the vtoa of the kernel or of'),
    });
    expect(machine.tree()).toEqual(before);
  });

  it('signed modules are no hindrance: the distribution signs this one', async () => {
    const files = { [inside(OLD)]: 'vtoa\n', '/sys/module/module/parameters/sig_enforce': 'Y\n' };
    expect(await fake(shell, alinux(OLD, files)).install(plan, [])).toMatchObject({ code: 0 });
  });

  it('a kernel too old for the package and without the module: exit 11, and what to do', async () => {
    const machine = fake(shell, alinux(OLD));
    const run = await machine.install(plan);
    expect([run.code, ran(run, 'dnf')]).toEqual([11, []]);
    expect(receipt(machine)).toMatchObject({
      ...{ step: 'deps', code: 11, kernels: [], hint: 'update the kernel' },
      reason: `kernel ${OLD} has no vtoa inside, and package vtoa needs 5.10.134-15`,
    });
  });

  it('a package that cannot be had: exit 11, with its words', async () => {
    const machine = fake(shell, alinux(NEW, {}, { 'packages-fail': 'Error: No package vtoa available\n' }));
    expect(await machine.install(plan)).toMatchObject({ code: 11 });
    expect(receipt(machine)).toMatchObject({ reason: 'dnf could not install vtoa: Error: No package vtoa available' });
  });

  it('a toa that is loaded goes; one in use goes with a reboot', async () => {
    const machine = fake(shell, alinux(OLD, { [inside(OLD)]: 'vtoa\n', '/sys/module/toa/refcnt': '0\n' }));
    const run = await machine.install(plan);
    expect([run.code, ran(run, 'modprobe')]).toEqual([0, ['modprobe -r toa', 'modprobe vtoa']]);
    machine.write({ '/sys/module/toa/refcnt': '1\n' });
    machine.steer({ 'unload-fails': '' });
    expect(await machine.setup('load')).toMatchObject({ code: 15 });
    expect(await machine.setup('status')).toMatchObject({ code: 1 });
    expect(await machine.install(plan)).toMatchObject({ code: 0 });
    expect(receipt(machine)).toMatchObject({
      result: 'reboot-needed',
      reason: 'the toa that was here before is in use',
    });
  });

  it('a unit that fails: exit 14, with its words', async () => {
    const machine = fake(shell, alinux(NEW, {}, { 'unit-fails': 'Job for vtoa.service failed: error code\n' }));
    expect(await machine.install(plan)).toMatchObject({ code: 14 });
    expect(receipt(machine)).toMatchObject({ reason: expect.stringContaining('Job for vtoa.service failed') });
  });

  it('an update to a kernel without it is said by the hook', async () => {
    const machine = fake(shell, alinux(OLD, { [inside(OLD)]: 'vtoa\n' }));
    await machine.install(plan);
    machine.write({ '/lib/modules/5.10.113-1.al8.x86_64/kernel/net/other.ko': '' });
    expect(await machine.setup('update')).toMatchObject({
      code: 12,
      stderr: expect.stringContaining('no vtoa for kernel 5.10.113-1'),
    });
    expect(machine.has(RECEIPT)).toBe(true);
  });
});
