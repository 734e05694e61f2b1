/** Kernel updates of a Debian 12 machine that nobody looks after: from the oldest kernel that is served to the backports one. */

import { describe, expect, it } from 'vitest';
import { userDataOf } from '../support/cli.ts';
import { debianDisk } from '../support/disk.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { fetchFor, onlySource, serveMirror } from '../support/mirror.ts';
import { expectCloudInitDone, out, probe, receipt, specOf, until } from '../support/reader.ts';

const OLDEST = '6.1.0-47-cloud-amd64';
/** What brings each new kernel, and its headers. */
const KERNEL = ['linux-image-cloud-amd64', 'linux-headers-cloud-amd64'];

const install = (packages: string) =>
  `export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; apt-get -qq -y --no-install-recommends install ${packages}`;

const newest = async (vm: Machine) => await out(vm, 'ls /lib/modules | sort -V | tail -n 1');
const readerOf = async (vm: Machine, release: string) => (await vm.run(`modinfo -k ${release} -n toa`)).stdout.trim();

async function bootInto(vm: Machine, release: string): Promise<void> {
  await vm.powerOff();
  await vm.startKernel(release);
  expect(await out(vm, `${until('systemctl is-active -q toa.service')}; uname -r`)).toBe(release);
  expect(await probe(vm)).toBe('pass');
}

/** Who builds, what is installed for it, and where it puts the module. */
const VARIANTS = [
  ['its own hooks', { packages: [], folder: 'updates/toa' }],
  ['dkms', { packages: ['dkms'], folder: 'updates/dkms' }],
] as const;

/** Three boots, two of them after apt has fetched a kernel: 9 minutes on two quiet cores. */
const LIMIT_MS = 3_600_000;

describe.each(VARIANTS)('with %s', (builder, { packages, folder }) => {
  it(
    'every kernel that comes has its reader, by hook or by repair at boot, and those that go leave nothing',
    async ({ onTestFinished }) => {
      const disk = await debianDisk({
        suite: 'bookworm',
        kernel: OLDEST,
        packages: ['gcc', 'make', 'initramfs-tools', `linux-headers-${OLDEST}`, ...packages],
      });
      expect(disk.release).toBe(OLDEST);
      const userData = await userDataOf(specOf('debian-12'), 'debian-12');
      const [newer, later] = await Promise.all([
        fetchFor(disk, { packages: KERNEL }).then(serveMirror),
        fetchFor(disk, { packages: KERNEL, pocket: 'backports' }).then(serveMirror),
      ]);
      const startFrom = await onlySource(disk, newer);
      const name = `update-${builder.replaceAll(' ', '-')}`;
      const vm = await bootMachine({ name, disk, dataSource: 'nocloud', network: true, userData, startFrom });
      onTestFinished(() => vm.discard());
      await expectCloudInitDone(vm);
      expect(await probe(vm)).toBe('pass');
      await out(vm, 'modprobe -r toa');
      expect(await probe(vm)).toBe('fail');

      // A kernel without headers: nothing to build with until it boots, and that is said.
      await out(vm, install('linux-image-cloud-amd64'));
      const updated = await newest(vm);
      expect(updated).not.toBe(OLDEST);
      expect(await readerOf(vm, updated)).toBe('');
      expect(await receipt(vm)).toMatchObject({ result: 'failed', step: 'update', code: 11, next: updated });
      await bootInto(vm, updated);
      expect(await receipt(vm)).toMatchObject({ result: 'ok', running: updated });
      expect(await out(vm, 'systemctl show -p Result --value toa-repair.service')).toBe('success');

      // From now on the headers come along: built before the reboot.
      await out(vm, `echo '${later}' >>/etc/apt/sources.list; ${install(KERNEL.join(' '))}`);
      const latest = await newest(vm);
      expect(latest).not.toBe(updated);
      expect(await readerOf(vm, latest)).toContain(`/lib/modules/${latest}/${folder}/toa.ko`);
      expect(await receipt(vm)).toMatchObject({ result: 'ok', step: 'update', running: updated, next: latest });
      await bootInto(vm, latest);
      expect(await out(vm, 'systemctl is-active toa-repair.service || true')).toBe('inactive');

      await out(vm, `DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge linux-image-${OLDEST}`);
      expect((await vm.run(`ls -d /lib/modules/${OLDEST}/updates /var/lib/toa/built/${OLDEST}`)).stdout).toBe('');
      expect((await receipt(vm)).kernels.map(({ release }) => release)).toEqual([updated, latest]);
    },
    LIMIT_MS,
  );
});
