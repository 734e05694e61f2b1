/** Every Debian suite, as a server that sets itself up at first boot and as an image that was made without being booted. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { bakeInChroot } from '../support/chroot-bake.ts';
import { runBuilt, userDataOf } from '../support/cli.ts';
import type { Disk } from '../support/disk.ts';
import { changes, systemFiles } from '../support/file-list.ts';
import { bootMachine, type Machine, type MachineOptions } from '../support/machine.ts';
import { troubles } from '../support/packer-bake.ts';
import { expectCloudInitDone, out, probe, receipt, specOf, until } from '../support/reader.ts';
import { diskOf, SUITES } from '../support/suites.ts';

/** A path takes 3 to 6 minutes on two quiet cores. */
const LIMIT_MS = 3_600_000;

/** What is so anyway: cloud-init 26.2 would complain of user-data with nothing in it. */
const ASKS_NOTHING = '#cloud-config\ndisable_root: true\n';

/** Host keys stay what they are when another instance starts from the same disk; everything else of cloud-init's does anyway. */
const KEEP_HOST_KEYS = 'echo ssh_deletekeys: false >/etc/cloud/cloud.cfg.d/60_keep.cfg';

async function boot({ onTestFinished }: TestContext, options: MachineOptions): Promise<Machine> {
  const vm = await bootMachine(options);
  onTestFinished(() => vm.discard());
  return vm;
}

/** The machine of which no user-data asks for anything: off, and what cloud-init would know of it forgotten. */
async function plainMachine(test: TestContext, name: string, disk: Disk): Promise<Machine> {
  const vm = await boot(test, { name, disk, dataSource: 'nocloud', network: false, userData: ASKS_NOTHING });
  expect(await out(vm, 'uname -r')).toBe(disk.release);
  await out(vm, KEEP_HOST_KEYS);
  await expectCloudInitDone(vm);
  await out(vm, until('systemctl is-active -q multi-user.target'));
  expect(await probe(vm)).toBe('fail');
  await out(vm, 'cd /var/lib/cloud && rm -rf instance instances data sem');
  await vm.powerOff();
  return vm;
}

async function expectReader(vm: Machine): Promise<void> {
  await out(vm, until('systemctl is-active -q toa-ready.target'));
  expect(await probe(vm)).toBe('pass');
}

describe.each(SUITES.map((suite) => [suite.target, suite] as const))('%s', (target, suite) => {
  const { packages } = suite;
  // Where dkms is, it builds; each suite's puts the module into a folder of that name.
  const module = expect.stringContaining(packages.includes('dkms') ? '/dkms/toa.ko' : '/updates/toa/toa.ko');
  const given = packages.length > 0 ? packages.join(', ') : 'compiler and headers from the mirror';

  it(
    `boot path, ${given}: uninstalled again, not a byte is left`,
    async (test) => {
      const disk = await diskOf(suite);
      const plain = await plainMachine(test, `${target}-plain`, disk);
      const before = await systemFiles(plain.overlay);

      const userData = await userDataOf(specOf(target), target);
      const network = packages.length === 0;
      const startFrom = plain.overlay;
      const vm = await boot(test, { name: target, disk, dataSource: 'nocloud', network, userData, startFrom });
      await expectCloudInitDone(vm);
      const kernels = [{ release: disk.release, module }];
      expect(await receipt(vm)).toMatchObject({ result: 'ok', running: disk.release, next: disk.release, kernels });
      await expectReader(vm);
      await vm.powerOff();
      const installed = changes(before, await systemFiles(vm.overlay)).map((line) => line.split(' ')[1]);
      expect(installed).toEqual(expect.arrayContaining(['/etc/toa/toa.env', '/usr/local/sbin/toa-setup']));

      await vm.startAgain();
      await expectReader(vm);
      await out(vm, 'toa-setup uninstall');
      expect(await probe(vm)).toBe('fail');
      await vm.powerOff();
      expect(changes(before, await systemFiles(vm.overlay))).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'bake path: in a root directory under a kernel that is not its own; cold and booted, the image holds',
    async ({ onTestFinished }) => {
      const folder = mkdtempSync(join(tmpdir(), 'toa-bake-chroot-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const disk = await diskOf(suite);
      writeFileSync(join(folder, 'toa.yaml'), specOf(target));
      const judge = async (image: string, ...more: readonly string[]): Promise<Report> => {
        const argv = ['validate', image, '--spec', 'toa.yaml', '--format', 'json', ...more];
        return JSON.parse((await runBuilt(folder, argv)).stdout);
      };
      expect(troubles(await judge(disk.path))).toContain('fails error module/missing-default');

      const baked = await bakeInChroot(disk.path, specOf(target), target, folder);
      const kernels = [{ release: disk.release, module }];
      expect(baked.receipt, baked.said).toMatchObject({ result: 'reboot-needed', next: disk.release, kernels });
      expect(baked.receipt.running).not.toBe(disk.release);
      expect(troubles(await judge(baked.disk))).toEqual([]);
      const report = await judge(baked.disk, '--boot');
      expect(troubles(report)).toEqual([]);
      const running = report.images.flatMap(({ findings }) =>
        findings.filter(({ code, status }) => code.startsWith('running/') && status !== 'skipped'),
      );
      expect(running).toMatchObject([
        { code: 'running/not-loaded', status: 'holds', message: `toa is loaded on ${disk.release}` },
        { code: 'running/probe', status: 'holds' },
      ]);
      expect(report.outcome).toBe('holds');
    },
    LIMIT_MS,
  );
});
