/** toa-setup as it travels, in fake roots with fake commands, under every shell that it must run under. */

import { describe, expect, it } from 'vitest';
import { TARGETS } from '../../src/plan/targets.ts';
import { KERNEL, type MachineParts, SHELLS } from '../support/fakeroot.ts';
import { edited, fake, made, module, RECEIPT, ran, receipt, script, validate, wishes } from '../support/setup.ts';

const NEWER = '6.1.0-100-amd64';
/** As the module writes it, with two CPUs. */
const STATS = `${' '.repeat(25)}     CPU0       CPU1
syn_recv_sock_toa       :         10          2
getname_toa_ok          :          7          0
`;
const OLDER = '6.1.0-9-amd64';
const SETUP = '/usr/local/sbin/toa-setup';

describe.concurrent.each(SHELLS)('toa-setup under %s', (shell) => {
  describe('a good machine', () => {
    it('all: builds, installs, loads, verifies', async () => {
      const machine = fake(shell);
      const run = await machine.install(script());
      expect(run).toMatchObject({ code: 0, stdout: '' });
      expect(run.stderr).toBe(`toa-setup: building for kernel ${KERNEL}\n`);
      expect(receipt(machine)).toMatchObject({
        ...{ result: 'ok', step: 'verify', code: 0, reason: '', hint: '', target: 'debian-12', method: 'module' },
        ...{ kinds: [254], trusted: ['198.51.100.0/24', '2001:db8:1::/48'], running: KERNEL, next: KERNEL },
        kernels: [{ release: KERNEL, module: module(KERNEL) }],
        verify: { result: 'pass' },
      });
      expect(machine.mode('/etc/toa/toa.env')).toBe('600');
      for (const path of [SETUP, '/usr/local/lib/toa/toa-probe']) expect(machine.mode(path)).toBe('755');
      for (const path of [module(KERNEL), '/etc/toa/trusted', RECEIPT]) expect(machine.mode(path)).toBe('644');
      const loose = Object.entries(machine.tree()).filter(([, entry]) => /[2367] /.test(entry.slice(0, 7).slice(-2)));
      expect(loose).toEqual([]);
      expect(machine.read('/etc/modprobe.d/toa.conf')).toBe(
        'options toa kinds=254 trusted=198.51.100.0/24,2001:db8:1::/48\n',
      );
      expect(machine.read('/sys/module/toa/parameters/kinds')).toBe('254\n');
      expect(machine.read('/proc/net/toa_trusted')).toBe('198.51.100.0/24\n2001:db8:1::/48\n');
      expect(machine.read('/etc/systemd/system/toa-ready.target.d/toa.conf')).toBe('[Unit]\nWants=toa.service\n');
      expect(ran(run, 'systemctl')).toEqual([
        `systemctl --root=${machine.root} enable toa.service toa-ready.target`,
        `systemctl --root=${machine.root} start toa-ready.target`,
      ]);
      expect(wishes(run)).toEqual([]);
      expect(machine.temporary()).toEqual([]);
      expect(Object.keys(machine.tree()).filter((path) => path.includes('.toa-new'))).toEqual([]);
      expect(machine.read('/var/lib/toa/build.log')).not.toBe('');
    });

    it('a second run changes nothing and builds nothing', async () => {
      const machine = fake(shell);
      await machine.install(script());
      const { 'var/lib/toa/build.log': log, ...before } = machine.tree();
      const run = await machine.install(script());
      const { 'var/lib/toa/build.log': newLog, ...after } = machine.tree();
      expect([run.code, log === newLog]).toEqual([0, false]);
      expect(after).toEqual(before);
      expect(made(run)).toEqual([]);
    });

    it.each([[[]], [['preflight']]])('%j changes nothing, and says what would be done', async (verbs) => {
      const machine = fake(shell, { commands: ['make', 'strip', 'python3'], headers: [] });
      const before = machine.tree();
      const run = await machine.install(script(), verbs);
      expect([run.code, run.stdout]).toEqual([0, '']);
      expect(run.stderr).toBe(
        `toa-setup: this machine fits; nothing was changed. all would install gcc linux-headers-${KERNEL}, ` +
          `build for kernel ${KERNEL}, load at every boot, and believe 2 network(s)\n`,
      );
      expect(machine.tree()).toEqual(before);
      expect(machine.temporary()).toEqual([]);
    });

    it('every verb works alone, in the order of all', async () => {
      const machine = fake(shell);
      for (const verb of ['preflight', 'deps', 'build', 'install']) {
        expect(await machine.install(script(), [verb])).toMatchObject({ code: 0 });
      }
      for (const verb of ['enable', 'load', 'verify']) {
        expect(await machine.setup(verb)).toMatchObject({ code: 0, stdout: '', stderr: '' });
        expect(receipt(machine)).toMatchObject({ result: 'ok', step: verb, code: 0 });
      }
      const before: Record<string, unknown> = { ...machine.tree() };
      machine.write({ '/proc/modules': 'toa 24576 0 - Live 0x0 (OE)\n', '/proc/net/toa_stats': STATS });
      before['proc/net/toa_stats'] = before['proc/modules'] = expect.anything();
      const { code, stdout } = await machine.setup('status', '--json');
      expect([code, machine.tree()]).toEqual([0, before]);
      expect(JSON.parse(stdout).counters).toEqual({ syn_recv_sock_toa: 12, getname_toa_ok: 7 });
      expect(JSON.parse(stdout)).toMatchObject({ result: 'ok', step: 'status', kernels: [{ release: KERNEL }] });
      expect(validate(JSON.parse(stdout))).toBe(true);
      expect((await machine.setup('status')).stdout).toContain('lsmod shows toa 24576 0; dmesg ends with: ');
      machine.write({ '/proc/modules': '' });
      expect(await machine.setup('disable')).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('until the next boot: lsmod shows no toa'),
      });
      expect(machine.has('/sys/module/toa')).toBe(false);
      expect(await machine.setup('status')).toMatchObject({ code: 1 });
    });

    it('an unknown verb is a usage error that names the verbs', async () => {
      const run = await fake(shell).install(script(), ['instal']);
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('preflight deps fetch build install')]);
    });

    it('a new list and new kinds reach a loaded module; a new source replaces it', async () => {
      const machine = fake(shell);
      await machine.install(script());
      const run = await machine.install(script('debian-12', ', trust: any, option: {kinds: [28, 254]}'));
      expect(run.code, run.stderr).toBe(0);
      expect([machine.read('/proc/net/toa_trusted'), made(run)]).toEqual(['any\n', []]);
      expect(ran(run, 'modprobe')).toEqual(['modprobe toa']);
      expect(machine.read('/etc/modprobe.d/toa.conf')).toBe('options toa kinds=254,28 trusted=any\n');
      machine.steer({ srcversion: 'B2', source: 'new' });
      const next = await machine.install(await edited((files) => files.replace('pr_info(', 'pr_warn(')));
      expect([next.code, made(next)]).toEqual([0, [KERNEL]]);
      expect(ran(next, 'modprobe')).toEqual(['modprobe -qr toa', 'modprobe toa']);
      expect(machine.read(module(KERNEL))).toBe(`${KERNEL} SMP new\n`);
    });

    it('a list of any length reaches the module, and not its options', async () => {
      const machine = fake(shell);
      const nets = Array.from({ length: 3000 }, (_, i) => `198.18.${i >> 8}.${i & 255}/32`);
      const run = await machine.install(script('debian-12', `, trust: [${nets.join(', ')}]`));
      expect(run.code, run.stderr).toBe(0);
      expect(machine.read('/etc/modprobe.d/toa.conf')).toBe('options toa kinds=254\n');
      expect(machine.read('/proc/net/toa_trusted').split('\n').slice(0, -1)).toEqual(nets);
      receipt(machine);
    });
  });

  describe('a machine that the plan is not for', () => {
    const os = { '/etc/os-release': 'ID=ubuntu\nVERSION_ID="12.04"\n' };
    const refused: readonly [string, MachineParts, number, RegExp][] = [
      ['distribution', { files: os }, 10, /this machine is ubuntu x86_64 12.04, the plan is for debian x86_64 12/],
      [
        'release',
        { files: { '/etc/os-release': 'ID=debian\nVERSION_ID="120"\n' } },
        10,
        /is debian x86_64 120, the plan/,
      ],
      ['architecture', { steer: { machine: 'aarch64' } }, 10, /is debian aarch64 12, the plan is for debian x86_64 12/],
      ['old kernel', { kernels: ['5.4.0-99-amd64'] }, 10, /kernel 5.4.0-99-amd64 is outside 5.10-7/],
      ['new kernel', { kernels: ['8.0.0-1-amd64'] }, 10, /kernel 8.0.0-1-amd64 is outside 5.10-7/],
      ['no kernel', { kernels: [] }, 10, /kernel \(none\) is outside/],
      [
        'lockdown',
        { files: { '/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' } },
        10,
        /Secure Boot is on: the kernel takes only signed modules/,
      ],
      [
        'enforced signatures',
        { files: { '/sys/module/module/parameters/sig_enforce': 'Y\n' } },
        10,
        /only signed modules/,
      ],
      [
        'vtoa',
        { files: { '/sys/module/vtoa/refcnt': '0\n', '/proc/net/toa_trusted': 'any\n' } },
        15,
        /another reader is loaded: vtoa/,
      ],
    ];
    it.each(refused)('%s: refused, nothing is installed', async (_, parts, code, sentence) => {
      const machine = fake(shell, parts);
      const before = machine.tree();
      const looked = await machine.install(script(), []);
      expect(looked).toMatchObject({ code, stderr: expect.stringMatching(sentence) });
      expect(machine.tree()).toEqual(before);
      const run = await machine.install(script());
      expect(run).toMatchObject({ code, stderr: looked.stderr });
      expect(run.stderr.split('\n')).toHaveLength(2);
      expect(receipt(machine)).toMatchObject({
        result: 'failed',
        step: 'preflight',
        code,
        reason: expect.stringMatching(sentence),
      });
      const left = Object.keys(machine.tree()).filter((path) => !(path in before) && !path.startsWith('var/lib/toa'));
      expect(left).toEqual([]);
      expect(ran(run, 'make').concat(ran(run, 'modprobe'), ran(run, 'systemctl'))).toEqual([]);
    });

    it('a lockdown that is there and off does not stand in the way', async () => {
      const files = { '/sys/kernel/security/lockdown': '[none] integrity confidentiality\n' };
      const machine = fake(shell, { files: { ...files, '/sys/module/module/parameters/sig_enforce': 'N\n' } });
      expect(await machine.install(script(), [])).toMatchObject({ code: 0 });
    });

    it('release 6 without os-release is told by /etc/redhat-release', async () => {
      const files = { '/etc/redhat-release': 'CentOS release 6.10 (Final)\n' };
      const machine = fake(shell, { files, kernels: ['2.6.32-754.el6.x86_64'] });
      const plan = script('centos-6', ', method: module');
      expect(await machine.install(plan, [])).toMatchObject({ code: 10 });
      const bare = fake(shell, { files, kernels: ['2.6.32-754.el6.x86_64'] });
      await import('node:fs').then(({ rmSync }) => rmSync(`${bare.root}/etc/os-release`));
      expect(await bare.install(plan, [])).toMatchObject({ code: 0 });
    });
  });

  describe('the env file is data', () => {
    const lines: readonly [string, (text: string) => string, number][] = [
      ['a substitution', (t) => t.replace("TARGET='debian-12'", "TARGET='$(touch /tmp/toa-executed)'"), 0],
      ['backticks', (t) => t.replace("PACKAGES='gcc make'", "PACKAGES='`touch /tmp/toa-executed`'"), 0],
      [
        'an unknown key',
        (t) => t.replace("TOA_KINDS='254'", "TOA_KINDS='254'\nPATH='/tmp'\nTOA_X='$(touch /tmp/toa-executed)'"),
        0,
      ],
      ['a missing key', (t) => t.replace(/^TOA_KINDS=.*\n/m, ''), 1],
      ['an unquoted value', (t) => t.replace("TOA_KINDS='254'", 'TOA_KINDS=254'), 1],
      ['a quote inside', (t) => t.replace("TOA_KINDS='254'", "TOA_KINDS='254'; touch /tmp/toa-executed; ''"), 1],
      ['a command after it', (t) => t.replace("TOA_KINDS='254'", "TOA_KINDS='254' touch /tmp/toa-executed"), 1],
    ];
    it.each(lines)('%s', async (_, edit, code) => {
      const machine = fake(shell);
      const at = `${machine.root}/executed`;
      const before = script();
      // As many lines as before, since the frame counts them.
      const text = await edited((files) => {
        const [, count = '', env = ''] = /^toa-file 0600 (\d+) \S+\n([\s\S]*?)(?=^toa-file)/m.exec(files) ?? [];
        const changed = edit(env).replaceAll('/tmp/toa-executed', at);
        expect(changed).not.toBe(env);
        return files.replace(env, changed).replace(`0600 ${count} `, `0600 ${changed.split('\n').length - 1} `);
      });
      expect(text).not.toBe(before);
      const run = await machine.install(text);
      expect([run.code, machine.has('/executed')], run.stderr).toEqual([code, false]);
      if (code === 1) expect(run.stderr).toMatch(/toa\.env has no line TOA_KINDS='\.\.\.'/);
      if (code !== 1) receipt(machine);
    });

    it('a receipt is JSON whatever the tools say', async () => {
      const odd = 'error: "quotes" \\ and\ttabs \u0007 \u00e9 %s $(x) `y`\n';
      const machine = fake(shell, { steer: { [`make-fails-${KERNEL}`]: odd } });
      expect(await machine.install(script())).toMatchObject({ code: 12 });
      expect(receipt(machine).reason).toContain('error: "quotes" \\ and tabs');
      expect(receipt(machine).reason).toContain('%s $(x) `y`');
    });
  });

  describe('packages', () => {
    const bare = { commands: ['strip', 'python3'], headers: [], steer: { 'headers-release': KERNEL } };

    it('apt: by exact name, lists only where it does not do without', async () => {
      const machine = fake(shell, bare);
      const run = await machine.install(script());
      expect(run.code, run.stderr).toBe(0);
      expect(wishes(run)).toHaveLength(1);
      expect(wishes(run)[0]).toMatch(new RegExp(` -d install gcc make linux-headers-${KERNEL}$`));
      expect(ran(run, 'apt-get')).toEqual([wishes(run)[0], wishes(run)[0]?.replace(' -d ', ' ')]);
    });

    it('apt: only what is missing', async () => {
      const machine = fake(shell, { ...bare, commands: ['gcc', 'strip', 'python3'] });
      const run = await machine.install(script());
      expect(wishes(run)[0]).toMatch(new RegExp(` install make linux-headers-${KERNEL}$`));
    });

    it('apt: waits for a lock', async () => {
      const machine = fake(shell, { ...bare, steer: { ...bare.steer, locked: '3' } });
      const run = await machine.install(script());
      expect(run.code, run.stderr).toBe(0);
      expect([wishes(run).length, ran(run, 'sleep')]).toEqual([4, ['sleep 5', 'sleep 5', 'sleep 5']]);
    });

    it('apt: but not for ever', async () => {
      const machine = fake(shell, { ...bare, steer: { ...bare.steer, locked: '999' } });
      const run = await machine.install(script(), ['all'], { TOA_LOCK_SECONDS: '20' });
      expect(run.code).toBe(11);
      expect(ran(run, 'sleep').length).toBeLessThanOrEqual(8);
      expect(receipt(machine)).toMatchObject({ step: 'deps', reason: expect.stringContaining('Could not get lock') });
    });

    it('failure: exit 11, one sentence, nothing installed', async () => {
      const machine = fake(shell, { ...bare, steer: { 'packages-fail': 'E: Unable to locate package gcc\n' } });
      const before = machine.tree();
      const run = await machine.install(script());
      expect(run.code).toBe(11);
      // The second time it asks for the newest kernel with its headers.
      const asked = wishes(run).map((line) => / (install|update)/.exec(line)?.[1]);
      expect(asked).toEqual(['install', 'update', 'install', 'update']);
      expect(receipt(machine)).toMatchObject({
        ...{ result: 'failed', step: 'deps', code: 11, kernels: [], verify: null },
        reason: expect.stringMatching(
          /^apt could not install gcc make linux-headers-\S+: E: Unable to locate package gcc; nor /,
        ),
      });
      const left = Object.keys(machine.tree()).filter((path) => !(path in before) && !path.startsWith('var/lib/toa'));
      expect(left).toEqual([]);
    });

    it('the running kernel has no headers any more: the next one is provided for all the same', async () => {
      const steer = { 'headers-release': NEWER };
      const machine = fake(shell, { ...bare, kernels: [KERNEL, NEWER], steer });
      const run = await machine.install(script());
      expect(run.code, run.stderr).toBe(0);
      const asked = wishes(run).map((line) => line.split(' install ')[1]);
      expect(asked).toEqual([`gcc make linux-headers-${NEWER}`, `linux-headers-${KERNEL}`]);
      expect(receipt(machine)).toMatchObject({ result: 'reboot-needed' });
    });

    const rows: readonly [string, string, string, readonly string[]][] = [
      ['rocky-9', '5.14.0-427.13.1.el9_4.x86_64', 'dnf -y install', ['kernel-devel-5.14.0-427.13.1.el9_4.x86_64']],
      ['rocky-9', '5.14.0-503.el9_5.x86_64+rt', 'dnf -y install', ['kernel-rt-devel-5.14.0-503.el9_5.x86_64']],
      ['rocky-9', '5.14.0-503.el9_5.x86_64+64k', 'dnf -y install', ['kernel-64k-devel-5.14.0-503.el9_5.x86_64']],
      ['rocky-9', '5.14.0-70.rt21.el9.x86_64', 'dnf -y install', ['kernel-rt-devel-5.14.0-70.rt21.el9.x86_64']],
      ['centos-7', '3.10.0-1160.el7.x86_64', 'yum -y install', ['kernel-devel-3.10.0-1160.el7.x86_64']],
      ['oracle-9', '5.15.0-300.el9uek.x86_64', 'dnf -y install', ['kernel-uek-devel-5.15.0-300.el9uek.x86_64']],
      [
        'sles-15',
        '6.4.0-150600.23.53-default',
        'zypper --non-interactive install --no-recommends',
        ['kernel-default-devel=6.4.0-150600.23.53'],
      ],
      ['ubuntu-22.04', '6.8.0-40-generic', 'apt-get', ['linux-headers-6.8.0-40-generic', 'gcc-12']],
      ['ubuntu-22.04', '5.15.0-91-generic', 'apt-get', ['linux-headers-5.15.0-91-generic']],
    ];
    it.each(rows)('%s %s: %s %j', async (id, release, command, headers) => {
      const target = TARGETS.find((row) => row.id === id);
      const files = { '/etc/os-release': `ID="${target?.osId}"\nVERSION_ID="${target?.versionId}"\n` };
      const machine = fake(shell, {
        ...{ files, kernels: [release], headers: [], running: release, commands: ['strip', 'python3'] },
        steer: { 'headers-release': release },
      });
      const run = await machine.install(script(id, ', method: module'), ['deps']);
      expect(run.code, run.stderr).toBe(0);
      const wanted = [...(target?.buildPackages ?? []), ...headers].join(' ');
      expect(ran(run, command.split(' ')[0] ?? '')[0]).toContain(`${command} `);
      const asked = wishes(run).length > 0 ? wishes(run) : run.commands;
      expect(asked.filter((line) => line.endsWith(` ${wanted}`))).toHaveLength(1);
    });

    it('rpm: what is installed but no command is not asked for', async () => {
      const files = { '/etc/os-release': 'ID="rocky"\nVERSION_ID="9.4"\n' };
      const release = '5.14.0-427.el9.x86_64';
      const machine = fake(shell, {
        files,
        kernels: [release],
        running: release,
        steer: { rpm: 'elfutils-libelf-devel\n' },
      });
      const run = await machine.install(script('rocky-9', ', method: module'), ['deps']);
      expect([run.code, ran(run, 'dnf')]).toEqual([0, []]);
    });

    it('a daemon that a package starts does not keep the lock', async () => {
      const machine = fake(shell, { ...bare, steer: { ...bare.steer, daemon: '' } });
      expect(await machine.install(script())).toMatchObject({ code: 0 });
      expect(await machine.setup('enable')).toMatchObject({ code: 0 });
      process.kill(Number(machine.steered('daemon')));
    });
  });

  describe('kernels', () => {
    const both = { kernels: [KERNEL, NEWER, OLDER], headers: [KERNEL, NEWER] };

    it('builds for the next, the running and every other that has headers', async () => {
      const machine = fake(shell, { ...both, headers: [KERNEL, NEWER, OLDER] });
      const run = await machine.install(script());
      expect([run.code, made(run)]).toEqual([0, [NEWER, OLDER, KERNEL]]);
      expect(receipt(machine)).toMatchObject({ result: 'ok', running: KERNEL, next: NEWER });
      expect(receipt(machine).kernels.map((k) => k.release)).toEqual([OLDER, KERNEL, NEWER]);
    });

    it('asks the boot loader which is next', async () => {
      const machine = fake(shell, { ...both, commands: ['gcc', 'make', 'strip', 'python3', 'grubby'] });
      machine.steer({ grubby: `/boot/vmlinuz-${KERNEL}\n` });
      await machine.install(script());
      expect(receipt(machine)).toMatchObject({ next: KERNEL });
    });

    // busybox's sort orders by another rule; no distribution of the catalog has it.
    if (shell !== 'busybox')
      it('orders them as rpm does', async () => {
        const kernels = ['5.14.0-70.el9.x86_64', '5.14.0-70.13.1.el9_0.x86_64', '5.14.0-70.2.el9.x86_64'];
        const machine = fake(shell, { kernels });
        await machine.install(script());
        expect(receipt(machine)).toMatchObject({ next: '5.14.0-70.13.1.el9_0.x86_64' });
        expect(receipt(machine).kernels.map((k) => k.release)).toEqual([kernels[0], kernels[2], kernels[1]]);
      });

    it('a folder with an odd name is no kernel', async () => {
      const machine = fake(shell, { kernels: [KERNEL, '7.9 "old"'] });
      expect(await machine.install(script())).toMatchObject({ code: 0 });
      expect(receipt(machine).kernels).toHaveLength(1);
    });

    it('the running one cannot be built for: a reboot is needed, and nothing is loaded', async () => {
      const machine = fake(shell, { ...both, headers: [NEWER] });
      machine.steer({ 'packages-fail': 'E: none\n' });
      const run = await machine.install(script());
      expect([run.code, machine.has('/run/toa-reboot-needed'), ran(run, 'modprobe')]).toEqual([0, true, []]);
      const reason = `the reader is for kernel ${NEWER}, which is not running`;
      expect(receipt(machine)).toMatchObject({ result: 'reboot-needed', step: 'load', code: 0, reason });
      machine.steer({ release: NEWER });
      expect(await machine.setup('load')).toMatchObject({ code: 0 });
    });

    it('a failed build keeps the module that worked', async () => {
      const machine = fake(shell);
      await machine.install(script());
      const before = machine.tree('/lib/modules');
      machine.steer({ [`make-fails-${KERNEL}`]: 'toa.c:1: error: implicit declaration\nmake: *** [toa.o] Error 1\n' });
      const run = await machine.install(await edited((files) => files.replace('pr_info(', 'pr_warn(')));
      expect(run.code).toBe(12);
      expect(receipt(machine)).toMatchObject({
        ...{ result: 'failed', step: 'build', code: 12, kernels: [{ release: KERNEL }], verify: { result: 'pass' } },
        reason: `the reader does not build for kernel ${KERNEL}: toa.c:1: error: implicit declaration`,
      });
      expect(machine.tree('/lib/modules')).toEqual(before);
    });

    it('a power cut before the reader is in place: cloud-init runs all again at the next boot, and then no more', async () => {
      const again = '/var/lib/cloud/scripts/per-boot/toa';
      const files = { '/var/lib/toa/install-toa.sh': '', '/var/lib/cloud/scripts/per-boot/.keep': '' };
      const machine = fake(shell, { files, steer: { 'power-cut': '' } });
      expect((await machine.install(script())).code).not.toBe(0);
      expect(machine.read(again)).toBe('#!/bin/sh\nexec sh /var/lib/toa/install-toa.sh all\n');
      expect(machine.has(RECEIPT)).toBe(false);
      expect(await machine.install(script())).toMatchObject({ code: 0 });
      expect([machine.has(again), machine.has(module(KERNEL))]).toEqual([false, true]);
      machine.steer({ [`make-fails-${KERNEL}`]: 'error: no\n' });
      expect((await machine.install(await edited((f) => f.replace('pr_info(', 'pr_warn(')))).code).toBe(12);
      expect(machine.has(again)).toBe(false);
    });

    it('a build that fails for a kernel that is not next does not stop the rest', async () => {
      const machine = fake(shell, { ...both, steer: { [`make-fails-${KERNEL}`]: 'error: no\n' } });
      const run = await machine.install(script());
      expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('failed: error: no') });
      expect(receipt(machine)).toMatchObject({ result: 'reboot-needed', kernels: [{ release: NEWER }] });
    });

    it('headers of another kernel are refused', async () => {
      const machine = fake(shell, { steer: { vermagic: `${NEWER} SMP\n` } });
      expect(await machine.install(script())).toMatchObject({ code: 12 });
      expect(receipt(machine).reason).toContain("error: these are another kernel's headers");
    });
  });

  describe('load', () => {
    it('writes and syncs the marker before modprobe, and takes it away after', async () => {
      const machine = fake(shell);
      const run = await machine.install(script());
      const marker = `${machine.root}/var/lib/toa/loading.${KERNEL}`;
      expect(machine.steered('markers')).toBe(`${marker}\n`);
      const at = run.commands.indexOf('modprobe toa');
      expect(run.commands.indexOf(`sync ${marker} ${machine.root}/var/lib/toa`)).toBeLessThan(at);
      expect(run.commands.lastIndexOf(`sync ${machine.root}/var/lib/toa`)).toBeGreaterThan(at);
      expect(machine.has(`/var/lib/toa/loading.${KERNEL}`)).toBe(false);
    });

    it('a load that did not return is not tried again until enable', async () => {
      const machine = fake(shell, { steer: { crash: '' } });
      await machine.install(script());
      expect(machine.has(`/var/lib/toa/loading.${KERNEL}`)).toBe(true);
      machine.steer({ crash: null });
      const run = await machine.setup('load');
      expect([run.code, ran(run, 'modprobe')]).toEqual([14, []]);
      expect(receipt(machine)).toMatchObject({
        ...{ result: 'failed', step: 'load', code: 14, hint: 'toa-setup enable allows it' },
        reason: `the last load on kernel ${KERNEL} did not return`,
      });
      expect(await machine.setup('enable')).toMatchObject({ code: 0 });
      expect(await machine.setup('load')).toMatchObject({ code: 0 });
      expect(receipt(machine)).toMatchObject({ result: 'ok', step: 'load' });
    });

    it('a marker that cannot be synced: not loaded', async () => {
      const machine = fake(shell);
      await machine.install(script());
      machine.steer({ 'sync-fails': '' });
      const run = await machine.setup('load');
      expect([run.code, ran(run, 'modprobe')]).toEqual([14, []]);
    });

    it('modprobe fails: exit 14, with its words', async () => {
      const words = "modprobe: ERROR: could not insert 'toa': Key was rejected by service\n";
      const machine = fake(shell, { steer: { 'modprobe-fails': words } });
      expect(await machine.install(script())).toMatchObject({ code: 14 });
      const reason = expect.stringContaining('Key was rejected by service');
      expect(receipt(machine)).toMatchObject({ result: 'failed', step: 'load', code: 14, reason });
      expect(machine.has(`/var/lib/toa/loading.${KERNEL}`)).toBe(false);
    });

    it('no reader for the running kernel: exit 14', async () => {
      const machine = fake(shell);
      await machine.install(script());
      machine.steer({ release: NEWER });
      expect(await machine.setup('load')).toMatchObject({ code: 14, stderr: expect.stringContaining(NEWER) });
    });
  });

  describe('verify', () => {
    it('without Python: unknown, and all is still done', async () => {
      const machine = fake(shell, { commands: ['gcc', 'make', 'strip'] });
      expect(await machine.install(script())).toMatchObject({ code: 0 });
      expect(receipt(machine)).toMatchObject({ result: 'unknown', code: 0, verify: { result: 'unknown' } });
      expect(await machine.setup('verify')).toMatchObject({ code: 3 });
      expect(receipt(machine)).toMatchObject({ result: 'unknown', step: 'verify', code: 3 });
    });

    it('connections that do not show the client: exit 1', async () => {
      const probe = '{"probe": 1, "result": "fail", "reason": "accept shows \\"x\\"", "cases": [], "skipped": []}';
      const machine = fake(shell, { steer: { probe, 'probe-code': '1' } });
      const run = await machine.install(script());
      expect([run.code, ran(run, 'systemctl').filter((line) => line.includes('start'))]).toEqual([1, []]);
      expect(receipt(machine)).toMatchObject({ result: 'failed', step: 'verify', code: 1, verify: { result: 'fail' } });
    });
  });

  describe('boot files', () => {
    it('onFailure: fail makes toa-ready.target require the reader', async () => {
      const machine = fake(shell);
      await machine.install(script('debian-12', ', boot: {onFailure: fail}'));
      const drop = '/etc/systemd/system/toa-ready.target.d/toa.conf';
      expect(machine.read(drop)).toBe('[Unit]\nRequires=toa.service\n');
      await machine.install(script());
      expect(machine.read(drop)).toBe('[Unit]\nWants=toa.service\n');
    });

    it('/etc/sysconfig/modules, where there is no systemd', async () => {
      const files = {
        '/etc/os-release': 'ID="centos"\nVERSION_ID="6"\n',
        '/etc/sysconfig/modules/other.modules': '\n',
      };
      const release = '2.6.32-754.el6.x86_64';
      const machine = fake(shell, { files, kernels: [release], running: release, steer: { rpm: 'perl\n' } });
      const before = machine.tree();
      const run = await machine.install(script('centos-6', ', method: module'));
      expect(run.code, run.stderr).toBe(0);
      const boot = '/etc/sysconfig/modules/toa.modules';
      expect(machine.read(boot)).toContain('toa-setup load');
      expect(machine.mode(boot)).toBe('755');
      expect(await machine.setup('disable')).toMatchObject({ code: 0 });
      expect(machine.mode(boot)).toBe('755');
      const early = await machine.bootReadOnly(boot);
      expect([early.code, early.commands]).toEqual([0, expect.arrayContaining(['modprobe toa'])]);
      expect(machine.steered('log-read-only')).not.toContain('modprobe');
      expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
      expect(machine.tree()).toEqual(before);
    });

    it('/etc/modules, where there is no systemd', async () => {
      const files = { '/etc/os-release': 'ID=ubuntu\nVERSION_ID="14.04"\n', '/etc/modules': '# list\nloop\nrtc\n' };
      const release = '4.4.0-148-generic';
      const machine = fake(shell, { files, kernels: [release], running: release });
      const before = machine.tree();
      const plan = script('ubuntu-14.04', ', method: module');
      for (const _ of [1, 2]) expect(await machine.install(plan)).toMatchObject({ code: 0 });
      expect(machine.read('/etc/modules')).toBe('# list\nloop\nrtc\ntoa\n');
      expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
      expect(machine.tree()).toEqual(before);
    });
  });

  describe('uninstall', () => {
    it('gives back the tree that was there, foreign files too', async () => {
      const files = { '/etc/modprobe.d/toa.conf': 'options toa mine=1\n', [module(KERNEL)]: 'somebody made this\n' };
      const machine = fake(shell, { files, kernels: [KERNEL, NEWER] });
      await (await import('node:fs/promises')).chmod(`${machine.root}/etc/modprobe.d/toa.conf`, 0o640);
      machine.write({ [`/lib/modules/${KERNEL}/modules.dep`]: './kernel/net/other.ko\n./updates/toa/toa.ko\n' });
      const before = machine.tree();
      // Twice: what is ours by then must not be taken for somebody else's.
      for (const _ of [1, 2]) expect(await machine.install(script())).toMatchObject({ code: 0 });
      expect(machine.read('/etc/modprobe.d/toa.conf')).toContain('kinds=254');
      const gone = 'toa-setup: until the next boot: lsmod shows no toa; dmesg ends with: \n';
      expect(await machine.setup('uninstall')).toMatchObject({ code: 0, stdout: '', stderr: gone });
      expect(machine.tree()).toEqual(before);
    });

    it('a reader in use stays, with all that belongs to it', async () => {
      const machine = fake(shell);
      await machine.install(script());
      machine.steer({ 'unload-fails': '' });
      expect(await machine.setup('uninstall')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('stays loaded'),
      });
      expect([machine.has(module(KERNEL)), machine.has(SETUP)]).toEqual([true, true]);
    });

    it('where nothing is installed: exit 1', async () => {
      const machine = fake(shell);
      const run = await machine.install(script(), ['uninstall']);
      expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing of ours') });
    });
  });

  it('another module of the name that comes first is an error, exit 13', async () => {
    const found = `/lib/modules/${KERNEL}/extra/toa.ko\n`;
    const machine = fake(shell, { steer: { found } });
    expect(await machine.install(script())).toMatchObject({ code: 13 });
    expect(receipt(machine)).toMatchObject({
      step: 'install',
      code: 13,
      reason: expect.stringContaining('extra/toa.ko'),
    });
  });

  it('a disk that takes no write: exit 13, no file half there', async () => {
    const machine = fake(shell);
    await machine.install(script(), ['build']);
    machine.steer({ 'sync-fails': '' });
    expect(await machine.install(script(), ['install'])).toMatchObject({ code: 13 });
    expect([machine.has(SETUP), machine.has('/etc/toa/toa.env'), machine.has(module(KERNEL))]).toEqual([
      false,
      false,
      false,
    ]);
    expect(Object.keys(machine.tree()).filter((path) => path.includes('.toa-new'))).toEqual([]);
  });

  it('a damaged install-toa.sh is refused', async () => {
    const machine = fake(shell);
    const before = machine.tree();
    const run = await machine.install(script().replace('pr_info(', 'pr_warn('));
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('damaged') });
    const cut = await machine.install(script().slice(0, -200));
    expect([cut.code, machine.tree(), machine.temporary()]).toEqual([1, before, []]);
  });

  it('of two runs at once the second gives way: exit 16', async () => {
    const machine = fake(shell);
    const { execa } = await import('execa');
    machine.write({ '/var/lib/toa/lock': '' });
    const holder = execa('flock', [`${machine.root}/var/lib/toa/lock`, 'sh', '-c', 'echo held; read x'], {
      reject: false,
    });
    await new Promise((held) => holder.stdout.once('data', held));
    expect(await machine.install(script())).toMatchObject({
      code: 16,
      stderr: expect.stringContaining('another toa-setup'),
    });
    expect(machine.has(RECEIPT)).toBe(false);
    holder.stdin.end('\n');
    await holder;
    expect(await machine.install(script())).toMatchObject({ code: 0 });
  });
});
