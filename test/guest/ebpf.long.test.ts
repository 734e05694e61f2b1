/** Method ebpf: programs that nobody builds, in fake roots. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KERNEL, SHELLS } from '../support/fakeroot.ts';
import { fake, made, ran, receipt, script } from '../support/setup.ts';

const OBJECT = '/usr/local/lib/toa/toa.bpf';
const PINS = '/sys/fs/bpf/toa';
const plan = script('debian-12', ', method: ebpf');
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

describe.concurrent.each(SHELLS)('method ebpf under %s', (shell) => {
  it('is loaded with what the plan says; nothing is installed or built', async () => {
    const files = { '/sys/fs/bpf/of-others': '' };
    const machine = fake(shell, { files, headers: [], commands: ['python3'] });
    const before = machine.tree();
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    expect([ran(run, 'apt-get'), made(run), ran(run, 'modprobe')]).toEqual([[], [], []]);
    expect([machine.read(`${PINS}/kinds`), machine.read(`${PINS}/trusted`)]).toEqual([
      '254\n',
      '198.51.100.0/24\n2001:db8:1::/48\n',
    ]);
    expect(receipt(machine)).toMatchObject({
      ...{ result: 'ok', step: 'verify', method: 'ebpf' },
      kernels: [{ release: KERNEL, module: OBJECT, sha256: hash(machine.read(OBJECT)) }],
    });
    expect(await machine.setup('status')).toMatchObject({ code: 0, stdout: expect.stringContaining('are loaded') });
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect([machine.has(PINS), machine.tree()]).toEqual([false, before]);
  });

  it('is loaded at every boot by toa.service', async () => {
    const machine = fake(shell);
    await machine.install(plan);
    const run = await machine.setup('load');
    expect([run.code, machine.has(PINS)]).toEqual([0, true]);
    expect(machine.read('/etc/systemd/system/toa.service')).toContain('toa-setup load');
  });

  it('what is loaded and not as planned is told, and replaced', async () => {
    const machine = fake(shell);
    await machine.install(plan);
    machine.write({ [`${PINS}/kinds`]: '200\n' });
    expect(await machine.setup('status')).toMatchObject({ code: 1 });
    expect(await machine.setup('load')).toMatchObject({ code: 0 });
    expect(machine.read(`${PINS}/kinds`)).toBe('254\n');
  });

  it('status has the counters', async () => {
    const machine = fake(shell);
    await machine.install(plan);
    const { stdout } = await machine.setup('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ method: 'ebpf', counters: { syn_recv_sock_toa: 5 } });
  });

  it('Python comes where it is missing', async () => {
    const run = await fake(shell, { commands: [] }).install(plan);
    // Downloaded, then installed.
    expect([run.code, ran(run, 'apt-get').length]).toEqual([0, 2]);
    expect(ran(run, 'apt-get')[0]).toContain('install python3');
  });

  it('needs no signature', async () => {
    const files = { '/sys/module/module/parameters/sig_enforce': 'Y\n' };
    expect(await fake(shell, { files }).install(plan)).toMatchObject({ code: 0 });
  });

  it('a module that is loaded goes first', async () => {
    const machine = fake(shell, { files: { '/sys/module/toa/refcnt': '0\n' } });
    const run = await machine.install(plan);
    expect([run.code, ran(run, 'modprobe')]).toEqual([0, ['modprobe -r toa']]);
  });

  it.each([
    ['older than the programs need', '4.19.0-1-amd64', {}, 10],
    ['without cgroup programs', KERNEL, { [`/boot/config-${KERNEL}`]: '# CONFIG_CGROUP_BPF is not set\n' }, 12],
  ] as const)('a kernel %s is refused', async (_, running, files, code) => {
    const machine = fake(shell, { kernels: [running], running, files });
    expect(await machine.install(plan)).toMatchObject({ code });
    expect(machine.has(PINS)).toBe(false);
  });

  it('a load that fails: exit 14, with its words', async () => {
    const machine = fake(shell, { steer: { 'bpf-fails': 'toa-bpf: error: the kernel does not let us\n' } });
    expect(await machine.install(plan)).toMatchObject({ code: 14 });
    expect(receipt(machine)).toMatchObject({ reason: expect.stringContaining('the kernel does not let us') });
  });
});
