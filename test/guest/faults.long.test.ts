/** Faults that need no machine that boots: toa-setup in fake roots, with file systems that are really full, real locks, real kills. */

import { statSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { type FakeMachine, KERNEL, SHELLS, type Shell } from '../support/fakeroot.ts';
import { expectAgain, expectNothing, expectRow, state } from '../support/fault-checks.ts';
import type { FaultId } from '../support/faults.ts';
import { installBesideReadOnly, installInRoom } from '../support/full.ts';
import { edited, fake, module, RECEIPT, ran, receipt, script } from '../support/setup.ts';

/** What a run in a full disk may leave of `whole`, the trees of complete machines: nothing that is half one of theirs. */
function expectWhole(machine: FakeMachine, whole: readonly Readonly<Record<string, string>>[]): void {
  const torn = Object.entries(state(machine)).filter(
    ([path, entry]) => whole.some((tree) => path in tree) && !whole.some((tree) => tree[path] === entry),
  );
  // toa-setup's own notes grow as the run goes.
  expect(torn.map(([path]) => path).filter((path) => !/^var\/lib\/toa\/(files|verify\.json)$/.test(path))).toEqual([]);
  expect(Object.keys(state(machine)).filter((path) => path.endsWith('.toa-new') || path.endsWith('toa/work'))).toEqual(
    [],
  );
}

const FULL: readonly (readonly [id: FaultId, kind: 'blocks' | 'inodes', over: boolean, step: number])[] = [
  ['disk-full', 'blocks', false, 5],
  ['disk-full-over-old', 'blocks', true, 3],
  ['no-inodes', 'inodes', false, 8],
];
/** Each point is three runs. One shell goes by smaller steps than the others. */
const STRIDE: Readonly<Record<Shell, number>> = { dash: 1, bash: 3, busybox: 3 };

/** Where toa.ko is loaded by the init scripts. */
const WITHOUT_SYSTEMD: readonly (readonly [os: string, release: string, files: Readonly<Record<string, string>>])[] = [
  [
    'centos-6',
    '2.6.32-754.el6.x86_64',
    { '/etc/os-release': 'ID="centos"\nVERSION_ID="6"\n', '/etc/sysconfig/modules/other.modules': '\n' },
  ],
  [
    'ubuntu-14.04',
    '4.4.0-148-generic',
    { '/etc/os-release': 'ID=ubuntu\nVERSION_ID="14.04"\n', '/etc/modules': 'loop\n' },
  ],
];

const LATER_ALL = { code: 0, stdout: '' };

describe.concurrent.each(SHELLS)('under %s', (shell) => {
  it.each(FULL)('%s', async (id, kind, over, step) => {
    const older = await edited((files) => files.replaceAll('MODULE_DESCRIPTION("', 'MODULE_DESCRIPTION("Old. '));
    const begin = async (): Promise<FakeMachine> => {
      const machine = fake(shell, { steer: { source: 'old' } });
      if (over) expect(await machine.install(older)).toMatchObject(LATER_ALL);
      machine.steer({ source: 'new' });
      return machine;
    };
    const whole = await begin();
    const before = state(whole);
    expect(await whole.install(script())).toMatchObject(LATER_ALL);
    const after = state(whole);
    const codes: number[] = [];
    for (let room = 0; codes.at(-1) !== 0; room += step * STRIDE[shell]) {
      const machine = await begin();
      const run = await installInRoom(machine, script(), { [kind]: room });
      codes.push(run.code);
      if (run.code !== 0) {
        expectRow(id, machine, run);
        expectWhole(machine, [before, after]);
        if (machine.has(RECEIPT) && !over) expect(receipt(machine)).toMatchObject({ result: 'failed', code: run.code });
        const installed = /^toa-setup: (enable|load|verify): /m.test(run.stderr);
        expect(machine.has(module(KERNEL)), run.stderr).toBe(over || installed);
        expect(await machine.install(script())).toMatchObject(LATER_ALL);
      }
      expect(state(machine)).toEqual(after);
    }
    expect(codes.length).toBeGreaterThan(2);
  });

  it('read-only-modules', async () => {
    const machine = fake(shell);
    const run = await installBesideReadOnly(machine, script(), '/lib/modules');
    expectRow('read-only-modules', machine, run);
    expect([ran(run, 'modprobe'), ran(run, 'systemctl'), machine.has(module(KERNEL))]).toEqual([[], [], false]);
    await expectAgain(machine);
  });

  it('two-runs', async () => {
    const machine = fake(shell, { steer: { 'make-waits': '' } });
    const first = machine.install(script());
    await vi.waitFor(() => expect(machine.steered('log')).toMatch(/^make /m), { timeout: 30_000 });
    const before = machine.tree();
    const second = await machine.install(script());
    expectRow('two-runs', machine, second);
    expect([second.stderr, machine.tree()]).toEqual([expect.stringContaining('another toa-setup is running'), before]);
    machine.steer({ 'make-waits': null });
    expect(await first).toMatchObject({ code: 0 });
    expect(receipt(machine)).toMatchObject({ result: 'ok' });
  });

  it('no-python', async () => {
    const machine = fake(shell, { commands: ['gcc', 'make', 'strip'] });
    const run = await machine.install(script());
    expectRow('no-python', machine, run);
    expect(receipt(machine)).toMatchObject({ verify: { result: 'unknown', reason: 'no Python' } });
    expect([ran(run, 'modprobe').at(-1), ran(run, 'systemctl').length]).toEqual(['modprobe toa', 2]);
  });

  it('no-systemd', async () => {
    const machine = fake(shell, { without: ['systemctl'] });
    const run = await machine.install(script());
    expectRow('no-systemd', machine, run);
    expect(ran(run, 'modprobe')).toEqual([]);
  });

  it('no-systemd-planned', async () => {
    for (const [os, release, files] of WITHOUT_SYSTEMD) {
      const machine = fake(shell, { files, kernels: [release], running: release, steer: { rpm: 'perl\n' } });
      const before = machine.tree();
      const run = await machine.install(script(os, ', method: module'));
      expectRow('no-systemd-planned', machine, run);
      expect([ran(run, 'systemctl start'), ran(run, 'modprobe').at(-1)]).toEqual([[], 'modprobe toa']);
      expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
      expect(machine.tree()).toEqual(before);
    }
  });

  it('selinux', async () => {
    const machine = fake(shell, { commands: ['gcc', 'make', 'strip', 'python3', 'restorecon'] });
    const run = await machine.install(script());
    expectRow('selinux', machine, run);
    const labelled = run.commands.filter((line) => line.startsWith('restorecon -F ')).map((line) => line.slice(14));
    const put = machine.read('/var/lib/toa/files').split('\n').slice(0, -1);
    const files = put.map((path) => `${machine.root}${path}`).filter((path) => statSync(path).isFile());
    expect(files.filter((path) => !labelled.includes(path))).toEqual([]);
    expect(files.length).toBeGreaterThan(10);
    const loaded = run.commands.indexOf('modprobe toa');
    expect(run.commands.lastIndexOf(`restorecon -F ${machine.root}${module(KERNEL)}`)).toBeLessThan(loaded);
    expect(labelled.filter((path) => !path.startsWith(`${machine.root}/`))).toEqual([]);
  });

  it('rpm-lock-held-for-ever', async () => {
    const files = { '/etc/os-release': 'ID="rocky"\nVERSION_ID="9.4"\n' };
    const machine = fake(shell, { files, headers: [], commands: ['make', 'strip'], steer: { 'dnf-waits': '' } });
    const before = machine.tree();
    const run = await machine.install(script('rocky-9', ', method: module'), ['all'], { TOA_LOCK_SECONDS: '2' });
    expectRow('rpm-lock-held-for-ever', machine, run);
    expectNothing(machine, before);
  });

  it('second-reader', async () => {
    const machine = fake(shell, { files: { '/sys/module/vtoa/refcnt': '0\n' } });
    const before = machine.tree();
    const run = await machine.install(script());
    expectRow('second-reader', machine, run);
    expect(ran(run, 'modprobe')).toEqual([]);
    expectNothing(machine, before);
  });

  it('script-damaged', async () => {
    const machine = fake(shell);
    const before = machine.tree();
    for (const damaged of [script().replace('pr_info(', 'pr_warn('), script().slice(0, -200)]) {
      expectRow('script-damaged', machine, await machine.install(damaged));
      expect([machine.tree(), machine.temporary()]).toEqual([before, []]);
    }
  });
});
