/** Kernels that come and go under toa-setup: the package manager's hooks, and the repair at boot. */

import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type FakeMachine, KERNEL, SHELLS, type Shell } from '../support/fakeroot.ts';
import { fake, made, module, ran, receipt, script, wishes } from '../support/setup.ts';

const NEWER = '6.1.0-100-amd64';
const POSTINST = '/etc/kernel/postinst.d/toa';
const HEADERS = '/etc/kernel/header_postinst.d/toa';
const POSTRM = '/etc/kernel/postrm.d/toa';
const PRERM = '/etc/kernel/prerm.d/toa';
const PLUGIN = '/etc/kernel/install.d/50-toa.install';
const ROCKY = {
  files: { '/etc/os-release': 'ID="rocky"\nVERSION_ID="9.4"\n' },
  steer: { rpm: 'elfutils-libelf-devel\n' },
};

async function installed(shell: Shell, os = 'debian-12'): Promise<FakeMachine> {
  const machine = fake(shell, os === 'debian-12' ? {} : ROCKY);
  const run = await machine.install(script(os, ', method: module'));
  expect(run.code, run.stderr).toBe(0);
  return machine;
}

const kernel = (release: string) => ({ [`/lib/modules/${release}/kernel/net/other.ko`]: '\n' });
const headers = (release: string) => ({ [`/lib/modules/${release}/build/Makefile`]: '\n' });
const remove = (machine: FakeMachine, path: string) => rmSync(`${machine.root}${path}`, { recursive: true });

describe.concurrent.each(SHELLS)('a kernel update under %s', (shell) => {
  it('is built for as soon as its headers are there, and nothing is loaded', async () => {
    const machine = await installed(shell);
    machine.write(kernel(NEWER));
    const early = await machine.hook(POSTINST, [NEWER, `/boot/vmlinuz-${NEWER}`]);
    expect([early.code, made(early)]).toEqual([0, []]);
    expect(receipt(machine)).toMatchObject({
      ...{ result: 'failed', step: 'update', code: 11, next: NEWER },
      reason: `kernel ${NEWER} came without headers`,
    });
    machine.write(headers(NEWER));
    const run = await machine.hook(HEADERS, [NEWER]);
    expect([run.code, made(run), ran(run, 'modprobe'), ran(run, 'systemctl')]).toEqual([0, [NEWER], [], []]);
    expect(receipt(machine)).toMatchObject({ result: 'ok', step: 'update', next: NEWER, verify: { result: 'pass' } });
    expect(receipt(machine).kernels.map(({ release }) => release)).toEqual([KERNEL, NEWER]);
    expect(machine.read(`/lib/modules/${NEWER}/modules.dep`)).toContain('updates/toa/toa.ko');
    machine.steer({ release: NEWER });
    expect(await machine.setup('load')).toMatchObject({ code: 0 });
  });

  it('whose reader does not build leaves all as it was, and does not stop the package manager', async () => {
    const machine = await installed(shell);
    const before = machine.tree('/lib/modules');
    machine.write({ ...kernel(NEWER), ...headers(NEWER) });
    machine.steer({ [`make-fails-${NEWER}`]: 'toa.c:1: error: too few arguments\n' });
    const run = await machine.hook(HEADERS, [NEWER]);
    expect([run.code, run.stdout]).toEqual([0, '']);
    expect(run.stderr).toContain('too few arguments');
    expect(receipt(machine)).toMatchObject({ result: 'failed', step: 'update', code: 12 });
    expect(machine.tree('/lib/modules')).toMatchObject(before);
  });

  it('outside the plan is not built for, and that is said', async () => {
    const machine = await installed(shell);
    machine.write({ ...kernel('9.0.0-1-amd64'), ...headers('9.0.0-1-amd64') });
    const run = await machine.hook(HEADERS, ['9.0.0-1-amd64']);
    expect([run.code, made(run)]).toEqual([0, []]);
    expect(receipt(machine)).toMatchObject({ result: 'failed', code: 10 });
  });

  it('takes the readers of removed kernels away', async () => {
    const machine = fake(shell, { kernels: [KERNEL, NEWER] });
    await machine.install(script());
    expect(machine.has(module(NEWER))).toBe(true);
    remove(machine, `/lib/modules/${NEWER}/kernel`);
    for (const path of ['build', 'modules.dep']) remove(machine, `/lib/modules/${NEWER}/${path}`);
    expect(await machine.hook(POSTRM, [NEWER])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect([machine.has(`/lib/modules/${NEWER}`), machine.has(module(KERNEL))]).toEqual([false, true]);
    expect(machine.has(`/var/lib/toa/built/${NEWER}`)).toBe(false);
    expect(receipt(machine)).toMatchObject({ result: 'ok', next: KERNEL });
    expect(receipt(machine).kernels).toHaveLength(1);
  });

  it('kernel-install: built for at add, taken away at remove, while the files are still there', async () => {
    const machine = await installed(shell, 'rocky-9');
    const [old, added] = [KERNEL, '6.2.0-1.x86_64'];
    machine.write({ ...kernel(added), ...headers(added) });
    const run = await machine.hook(PLUGIN, ['add', added, '/boot/x/y', `/lib/modules/${added}/vmlinuz`]);
    expect([run.code, made(run)]).toEqual([0, [added]]);
    expect(receipt(machine)).toMatchObject({ result: 'ok', next: added });
    expect(await machine.hook(PLUGIN, ['remove', added, '/boot/x/y'])).toMatchObject({ code: 0, stderr: '' });
    expect([machine.has(module(added)), machine.has(module(old))]).toEqual([false, true]);
    expect(machine.has(`/lib/modules/${added}/kernel/net/other.ko`)).toBe(true);
    expect(receipt(machine)).toMatchObject({ result: 'ok', next: old });
  });

  it('prerm of release 7: taken away while the files are still there', async () => {
    const [older, newer] = ['3.10.0-957.el7.x86_64', '3.10.0-1160.el7.x86_64'];
    const files = { '/etc/os-release': 'ID="centos"\nVERSION_ID="7"\n' };
    const machine = fake(shell, { files, kernels: [older, newer], running: newer });
    expect(await machine.install(script('centos-7', ', method: module'))).toMatchObject({ code: 0 });
    expect(await machine.hook(PRERM, [newer])).toMatchObject({ code: 0, stderr: '' });
    expect([machine.has(module(newer)), machine.has(module(older))]).toEqual([false, true]);
    expect(receipt(machine)).toMatchObject({ result: 'ok', next: older });
  });

  it('of a package that toa-setup itself installs is left to it', async () => {
    const machine = await installed(shell);
    const before = machine.tree();
    const run = await machine.hook(POSTINST, [NEWER], { TOA_SETUP: '1' });
    expect([run.code, machine.tree()]).toEqual([0, before]);
  });

  it('keeps coming with its headers, where the package that brings it has a sibling', async () => {
    const line = (name: string, state = 'install ok installed') => `${state} ${name}\n`;
    const dpkg = [
      line('linux-image-amd64'),
      line('linux-image-6.1.0-40-amd64'),
      line('linux-image-amd64-dbg'),
      line('linux-image-unsigned-6.1.0-40-amd64'),
      line('linux-image-rt-amd64', 'deinstall ok config-files'),
      line('linux-image-cloud-amd64'),
      line('linux-headers-cloud-amd64'),
    ].join('');
    const machine = fake(shell, { steer: { dpkg, 'headers-release': 'x' } });
    const run = await machine.install(script());
    expect(run.code, run.stderr).toBe(0);
    expect(wishes(run).map((text) => text.split(' install ')[1])).toEqual(['linux-headers-amd64']);
    machine.steer({ 'packages-fail': 'E: no network\n' });
    const offline = await machine.install(script());
    expect(offline).toMatchObject({ code: 0, stderr: expect.stringContaining('without headers: E: no network') });
  });
});

describe.concurrent.each(SHELLS)('repair at boot under %s', (shell) => {
  it('builds for a kernel that came past the hooks, loads, and lets what waits for the reader go on', async () => {
    const machine = await installed(shell);
    machine.write({ ...kernel(NEWER), ...headers(NEWER) });
    machine.steer({ release: NEWER });
    expect(await machine.setup('load')).toMatchObject({ code: 14 });
    const run = await machine.setup('repair');
    expect([run.code, made(run), ran(run, 'modprobe').at(-1)]).toEqual([0, [NEWER], 'modprobe toa']);
    expect(ran(run, 'systemctl')).toEqual([`systemctl --root=${machine.root} start toa-ready.target`]);
    expect(receipt(machine)).toMatchObject({ result: 'ok', step: 'load', running: NEWER });
  });

  it('fetches headers where they are missing', async () => {
    const machine = await installed(shell);
    machine.write(kernel(NEWER));
    machine.steer({ release: NEWER, 'headers-release': NEWER });
    const run = await machine.setup('repair');
    expect([run.code, made(run)], run.stderr).toEqual([0, [NEWER]]);
    expect(ran(run, 'apt-get')[0]).toMatch(new RegExp(` install linux-headers-${NEWER}$`));
  });

  it('does not try again what did not return', async () => {
    const machine = await installed(shell);
    machine.write({ [`/var/lib/toa/loading.${KERNEL}`]: '' });
    const run = await machine.setup('repair');
    expect([run.code, ran(run, 'modprobe'), ran(run, 'systemctl')]).toEqual([14, [], []]);
    expect(machine.has(`/var/lib/toa/loading.${KERNEL}`)).toBe(true);
  });
});
