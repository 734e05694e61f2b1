/** An image older than its mirror: it runs a kernel whose headers are served no more. */

import { expect, it, onTestFinished } from 'vitest';
import { userDataOf } from '../support/cli.ts';
import { debianDisk } from '../support/disk.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { fetchFor, onlySource, serveMirror } from '../support/mirror.ts';
import { lookIntoOverlay } from '../support/mounted.ts';
import { expectCloudInitDone, out, probe, receipt, specOf, until } from '../support/reader.ts';

const OLD = '6.1.0-47-cloud-amd64';
const NEWER = ['linux-image-cloud-amd64', 'linux-headers-cloud-amd64'];

/** Two boots, an installation of a kernel between them: 5 minutes on two quiet cores. */
const LIMIT_MS = 3_600_000;

/** A machine with the old kernel, whose only package source is a mirror that has a newer kernel and nothing for the old one. */
async function oldMachine(name: string, ...spec: readonly string[]): Promise<Machine> {
  const disk = await debianDisk({ suite: 'bookworm', kernel: OLD, packages: ['gcc', 'make', 'initramfs-tools'] });
  const startFrom = await onlySource(disk, await serveMirror(await fetchFor(disk, { packages: NEWER })));
  const userData = await userDataOf(specOf('debian-12', ...spec), 'debian-12');
  const given = { dataSource: 'nocloud', network: true, userData, startFrom, rebootEnds: true } as const;
  const vm = await bootMachine({ name, disk, ...given });
  onTestFinished(() => vm.discard());
  return vm;
}

/** The control: apt finds this mirror, and no headers of the kernel that runs. */
async function expectNoHeaders(vm: Machine): Promise<void> {
  const asked = await vm.run(`apt-get -qq update && apt-get -y install linux-headers-${OLD}`);
  expect(asked.stderr).toContain(`Unable to locate package linux-headers-${OLD}`);
  expect(await out(vm, 'apt-cache policy linux-headers-cloud-amd64 | grep -c 10.0.2.2')).not.toBe('0');
}

it(
  'the newest kernel comes with its headers, the reader is built for it, and it is booted into once',
  async () => {
    const vm = await oldMachine('headers-reboot');
    await vm.waitForEnd(1_500_000);
    const left = JSON.parse(await lookIntoOverlay(vm.overlay, 'cat var/lib/toa/receipt.json'));
    expect(left).toMatchObject({ result: 'reboot-needed', code: 0, running: OLD });
    expect(left.next).not.toBe(OLD);
    await vm.startKernel(left.next);
    await expectCloudInitDone(vm);
    await out(vm, until('systemctl is-active -q toa-ready.target'));
    expect(await probe(vm)).toBe('pass');
    expect(await receipt(vm)).toMatchObject({ result: 'ok', running: left.next, next: left.next });
    // Another reboot would have ended it.
    expect(await out(vm, 'uname -r; ls /run/toa-reboot-needed 2>/dev/null || true')).toBe(left.next);
    await expectNoHeaders(vm);
  },
  LIMIT_MS,
);

it(
  'where the spec forbids a reboot nothing is changed, and that is said',
  async () => {
    const vm = await oldMachine('headers-never', 'boot: {reboot: never}');
    expect(await vm.waitForCloudInit(1_500_000)).toMatchObject({ status: 'error' });
    const said = await receipt(vm);
    expect(said).toMatchObject({ result: 'failed', step: 'deps', code: 11, running: OLD, next: OLD, kernels: [] });
    expect(said.reason).toMatch(new RegExp(`could not install linux-headers-${OLD}: `));
    expect(said.hint).toMatch(/the newest kernel has headers; it takes a reboot, which boot\.reboot: never forbids$/);
    expect(await out(vm, 'uname -r; ls /lib/modules')).toBe(`${OLD}\n${OLD}`);
    expect(await probe(vm)).toBe('fail');
    await expectNoHeaders(vm);
  },
  LIMIT_MS,
);
