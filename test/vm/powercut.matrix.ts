/** The power goes while cloud-init has the reader compiled. cloud-init will not run user-data twice; the machine goes on all the same. */

import { expect, it } from 'vitest';
import { userDataOf } from '../support/cli.ts';
import { BUILD_PACKAGES, debianDisk } from '../support/disk.ts';
import { bootMachine } from '../support/machine.ts';

const SPEC = 'version: 1\ntrust: [198.51.100.0/24]\ntargets: [debian-12]\n';
const RECEIPT = '/var/lib/toa/receipt.json';

it('finishes at the next boot what a power cut stopped', { timeout: 1_800_000 }, async ({ onTestFinished }) => {
  const disk = await debianDisk({ suite: 'bookworm', packages: BUILD_PACKAGES });
  const userData = await userDataOf(SPEC, 'debian-12');
  const vm = await bootMachine({ name: 'powercut', disk, dataSource: 'nocloud', network: false, userData });
  onTestFinished(() => vm.discard());
  await vm.run('until [ -e /var/lib/toa/work/toa.o ] || pidof cc1; do sleep 0.2; done', { timeoutMs: 600_000 });
  await vm.kill();
  await vm.startAgain();
  expect((await vm.run(`ls ${RECEIPT} /lib/modules/*/updates/toa/toa.ko`)).stdout).toBe('');
  await vm.run(`until [ -e ${RECEIPT} ]; do sleep 1; done`, { timeoutMs: 900_000 });
  const said = JSON.parse((await vm.run(`cat ${RECEIPT}`)).stdout);
  expect(said).toMatchObject({ result: 'ok', verify: { result: 'pass' } });
  expect((await vm.run('ls /var/lib/cloud/scripts/per-boot')).stdout).toBe('');
});
