/** Machines where the vendor's page was followed by hand. */

import { describe, expect, it } from 'vitest';
import { KERNEL, SHELLS } from '../support/fakeroot.ts';
import { fake, made, ran, receipt, script } from '../support/setup.ts';

const BY_HAND = `/lib/modules/${KERNEL}/kernel/net/netfilter/ipvs/toa.ko`;
const PAGE =
  '#!/bin/sh\nif [ -f /proc/version ]; then\n  insmod /lib/modules/`uname -r`/kernel/net/netfilter/ipvs/toa.ko > /dev/null 2>&1\nfi\n';
const RC_LOCAL =
  '#!/bin/sh -e\nmodprobe ip_vs && /sbin/insmod /root/toa.ko; touch /var/lock/local\n[ -d /x ] || modprobe toa\nmodprobe toast\nexit 0\n';
const FILES = {
  [BY_HAND]: 'by hand\n',
  '/etc/sysconfig/modules/toa.modules': PAGE,
  '/etc/rc.local': RC_LOCAL,
  '/etc/modules-load.d/toa.conf': '# the reader\ntoa\nvtoa\ntoast\n',
};

describe.concurrent.each(SHELLS)('a hand-made install under %s', (shell) => {
  it('is disarmed, its module is replaced, and uninstall gives it back', async () => {
    const machine = fake(shell, { files: FILES });
    const before = machine.tree();
    machine.write({ '/sys/module/toa/refcnt': '0\n' });
    const looked = await machine.install(script(), ['preflight']);
    expect(looked.code).toBe(0);
    for (const path of Object.keys(FILES)) expect(looked.stderr).toContain(path);
    expect(machine.tree('/etc')).toEqual(fake(shell, { files: FILES }).tree('/etc'));

    const run = await machine.install(script());
    expect(run.code, run.stderr).toBe(0);
    expect(ran(run, 'modprobe')).toEqual(['modprobe -r toa', 'modprobe -qr toa', 'modprobe toa']);
    expect(machine.has(BY_HAND)).toBe(false);
    expect(machine.read(`/lib/modules/${KERNEL}/modules.dep`)).not.toContain('ipvs');
    expect(machine.read('/etc/sysconfig/modules/toa.modules')).toBe(PAGE.replace('insmod', ': toa-setup insmod'));
    expect(machine.read('/etc/rc.local')).toBe(
      RC_LOCAL.replace('/sbin/insmod', ': toa-setup /sbin/insmod').replace(
        'modprobe toa\n',
        ': toa-setup modprobe toa\n',
      ),
    );
    expect(machine.read('/etc/modules-load.d/toa.conf')).toBe(
      '# the reader\n#: toa-setup toa\n#: toa-setup vtoa\ntoast\n',
    );
    const settled = machine.tree('/etc');
    const again = await machine.install(script());
    expect([again.code, again.stderr, machine.tree('/etc')]).toEqual([0, '', settled]);

    // What the owner adds meanwhile stays.
    machine.write({ '/etc/rc.local': `${machine.read('/etc/rc.local')}# mine\n` });
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect(machine.read('/etc/rc.local')).toBe(`${RC_LOCAL}# mine\n`);
    machine.write({ '/etc/rc.local': RC_LOCAL });
    const after = machine.tree();
    const dep = `lib/modules/${KERNEL}/modules.dep`;
    expect(after[dep]).toContain('ipvs/toa.ko');
    expect({ ...after, [dep]: '' }).toEqual({ ...before, [dep]: '' });
  });

  it('whose disarmed lines still are what a shell can read', async () => {
    const machine = fake(shell, { files: FILES });
    await machine.install(script());
    const { execa } = await import('execa');
    for (const path of ['/etc/sysconfig/modules/toa.modules', '/etc/rc.local']) {
      expect(await execa('dash', ['-n', `${machine.root}${path}`])).toMatchObject({ exitCode: 0 });
    }
  });

  it('whose module is in use is replaced with the reboot, and until then nothing is lost', async () => {
    const machine = fake(shell, { files: { '/sys/module/toa/refcnt': '1\n' }, steer: { 'unload-fails': '' } });
    const run = await machine.install(script());
    expect([run.code, made(run)]).toEqual([0, [KERNEL]]);
    expect(receipt(machine)).toMatchObject({
      ...{ result: 'reboot-needed', step: 'load', reason: 'the toa that was here before is in use' },
    });
    expect(machine.has('/run/toa-reboot-needed')).toBe(true);
    expect(Object.keys(machine.tree('/var/lib/toa')).filter((name) => name.startsWith('loading'))).toEqual([]);
    expect(await machine.setup('load')).toMatchObject({ code: 15 });
  });

  it("a kernel package's own module stays where it is", async () => {
    const machine = fake(shell, { files: FILES, steer: { owned: `${BY_HAND}\n` } });
    const run = await machine.install(script());
    // Ours goes before it.
    expect([run.code, machine.has(BY_HAND)]).toEqual([0, true]);
  });
});
