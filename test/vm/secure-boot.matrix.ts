/** Machines whose firmware enforces Secure Boot: what is not signed is refused and reported, what is signed loads, also after a kernel update. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it, type TestContext } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { rendered, runBuilt, userDataOf } from '../support/cli.ts';
import { debianDisk } from '../support/disk.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { fetchFor, onlySource, serveMirror } from '../support/mirror.ts';
import { out, probe, receipt, specOf, until } from '../support/reader.ts';
import { SECURE_BOOT_PACKAGES } from '../support/secure-boot.ts';

/** An update is to come. */
const OLDEST = '6.1.0-47-cloud-amd64';
const KERNEL = ['linux-image-cloud-amd64', 'linux-headers-cloud-amd64'];

/** Nothing of ours: the network is set up. */
const ASKS_NOTHING = '#cloud-config\ndisable_root: true\n';
const UNSIGNED = specOf('debian-12', 'method: module');
const BROUGHT = specOf(
  'debian-12',
  'secureBoot: enforced',
  'signing: {key: mok.key, certificate: mok.pem, onMachine: true}',
);
const MADE = specOf('debian-12', 'secureBoot: enforced', 'signing: {onMachine: true}');

const REFUSED = 'Key was rejected by service';
const PASSWORD = 'onetimeword';

/** The agent answers before systemd has emptied /tmp. */
const IS_UP = until('systemctl is-active -q systemd-tmpfiles-setup.service');

/** Boots, each through firmware, shim and GRUB, and two builds, all emulated. */
const LIMIT_MS = 3_600_000;

const secureDisk = async () =>
  await debianDisk({
    suite: 'bookworm',
    kernel: OLDEST,
    packages: ['gcc', 'make', `linux-headers-${OLDEST}`, ...SECURE_BOOT_PACKAGES],
  });

async function boot({ onTestFinished }: TestContext, name: string, userData: string, more = {}): Promise<Machine> {
  const disk = await secureDisk();
  const vm = await bootMachine({
    // Writes to the firmware's variables stop every processor: with one there is nobody to wait for.
    ...{ name, disk, dataSource: 'nocloud', userData, secureBoot: true, smp: 1 },
    ...{ network: true, ...more },
  });
  onTestFinished(() => vm.discard());
  await vm.waitForCloudInit(1_500_000);
  await out(vm, IS_UP);
  expect(await out(vm, 'mokutil --sb-state; cat /sys/kernel/security/lockdown')).toBe(
    'SecureBoot enabled\nnone [integrity] confidentiality',
  );
  return vm;
}

/** How install-toa.sh of the spec ends on the machine, and what it says. */
async function install(vm: Machine, spec: string, verb: string): Promise<readonly [number, string]> {
  await vm.run('cat >/root/install-toa.sh', { input: await rendered(spec, 'debian-12/script/install-toa.sh') });
  const { code, stdout, stderr } = await vm.run(`sh /root/install-toa.sh ${verb}`, { timeoutMs: 1_200_000 });
  return [code, stdout + stderr];
}

/** What the validator says of the machine's disk. */
async function signatureFinding(vm: Machine, { onTestFinished }: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-secure-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await execa('qemu-img', ['convert', '-O', 'raw', vm.overlay, join(folder, 'disk.img')]);
  writeFileSync(join(folder, 'toa.yaml'), BROUGHT);
  const argv = ['validate', 'disk.img', '--spec', 'toa.yaml', '--format', 'json'];
  const report: Report = JSON.parse((await runBuilt(folder, argv)).stdout);
  return report.images[0]?.findings.filter(({ code }) => code === 'module/unsigned');
}

const enrol = (certificate: string): string =>
  `printf '%s\\n' ${PASSWORD} ${PASSWORD} | mokutil --import ${certificate}; mokutil --list-new | grep -q Certificate`;

/** The kernel's flags for a module from outside its tree, and for one that nobody signed. */
const [OUT_OF_TREE, UNSIGNED_MODULE] = [1 << 12, 1 << 13];

async function expectSignedReader(vm: Machine, signer: RegExp): Promise<void> {
  await out(vm, `${until('systemctl is-active -q toa.service')}; ${IS_UP}`);
  expect(await probe(vm)).toBe('pass');
  expect(await out(vm, 'modinfo -F signer toa')).toMatch(signer);
  const tainted = Number(await out(vm, 'cat /proc/sys/kernel/tainted'));
  expect(tainted & (OUT_OF_TREE | UNSIGNED_MODULE)).toBe(OUT_OF_TREE);
}

it(
  'a key that is brought and stays: refused unsigned, refused while the firmware does not know it, loads, and signs for the next kernel',
  async (test) => {
    const disk = await secureDisk();
    const mirror = await serveMirror(await fetchFor(disk, { packages: KERNEL }));
    const startFrom = await onlySource(disk, mirror);
    const vm = await boot(test, 'secure-boot-brought', ASKS_NOTHING, { startFrom });

    // Control: preflight says so, and so does the kernel to whoever goes on all the same.
    const [code, said] = await install(vm, UNSIGNED, 'all');
    expect([code, said]).toEqual([
      10,
      expect.stringContaining('Secure Boot is on: the kernel takes only signed modules'),
    ]);
    expect((await vm.run('ls -d /usr/local/sbin/toa-setup /lib/modules/*/updates')).stdout).toBe('');
    for (const verb of ['build', 'install', 'enable'])
      expect([verb, (await install(vm, UNSIGNED, verb))[0]]).toEqual([verb, 0]);
    expect((await vm.run('toa-setup load')).code).toBe(14);
    expect(await receipt(vm)).toMatchObject({
      result: 'failed',
      step: 'load',
      reason: expect.stringContaining(REFUSED),
    });
    expect(await probe(vm)).toBe('fail');
    await vm.powerOff();
    expect(await signatureFinding(vm, test)).toMatchObject([
      {
        status: 'fails',
        message: expect.stringContaining('is not signed, and the spec says that Secure Boot is enforced'),
      },
    ]);
    await vm.startAgain();
    await out(vm, `${IS_UP}; ${until('toa-setup uninstall || [ $? != 16 ]')}`);
    expect((await vm.run('ls /var/lib/toa')).stdout).toBe('');

    // A key, signing nothing yet: preflight finds that the firmware does not know it.
    const bring = `install -d -m 700 /run/toa-signing && cp /root/mok.key /run/toa-signing/key.pem && cp /root/mok.pem /run/toa-signing/certificate.pem`;
    await out(
      vm,
      `cd /root; openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=fleet key' -keyout mok.key -out mok.pem
openssl x509 -in mok.pem -outform DER -out mok.der; ${bring}`,
    );
    const [unknown, why] = await install(vm, BROUGHT, 'all');
    expect([unknown, why]).toEqual([
      10,
      expect.stringMatching(/the kernel does not know the certificate.*mokutil --import/),
    ]);
    expect((await vm.run('ls -d /usr/local/sbin/toa-setup /etc/toa/signing')).stdout).toBe('');

    await out(vm, enrol('/root/mok.der'));
    await vm.rebootAndEnrol(PASSWORD);
    await out(vm, `${IS_UP}; ${bring}`);
    const done = await install(vm, BROUGHT, 'all');
    expect(done).toEqual([0, expect.stringContaining(`building for kernel ${OLDEST}`)]);
    await expectSignedReader(vm, /^fleet key$/);
    expect(
      await out(
        vm,
        'stat -c "%a %U %n" /etc/toa/signing /etc/toa/signing/*; ls -d /run/toa-signing 2>/dev/null || echo gone',
      ),
    ).toBe(
      [
        '700 root /etc/toa/signing',
        '644 root /etc/toa/signing/certificate.der',
        '600 root /etc/toa/signing/key.pem',
        'gone',
      ].join('\n'),
    );

    // The next kernel's module is signed when it comes.
    await out(
      vm,
      `rm /root/mok.*; export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; apt-get -qq -y --no-install-recommends install ${KERNEL.join(' ')}`,
    );
    const latest = await out(vm, 'ls /lib/modules | sort -V | tail -n 1');
    expect(latest).not.toBe(OLDEST);
    expect(await receipt(vm)).toMatchObject({ result: 'ok', step: 'update', running: OLDEST, next: latest });
    await vm.powerOff();
    expect(await signatureFinding(vm, test)).toMatchObject([
      { status: 'unknown', message: expect.stringContaining('is signed by fleet key') },
    ]);
    await vm.startKernel(latest);
    expect(await out(vm, 'uname -r; cat /sys/kernel/security/lockdown')).toBe(
      `${latest}\nnone [integrity] confidentiality`,
    );
    await expectSignedReader(vm, /^fleet key$/);
  },
  LIMIT_MS,
);

it(
  'a key that the machine makes: all is in place and waits for somebody who enrols it',
  async (test) => {
    const vm = await boot(test, 'secure-boot-made', await userDataOf(MADE, 'debian-12'));
    const hint = expect.stringContaining('mokutil --import /etc/toa/signing/certificate.der');
    expect(await receipt(vm)).toMatchObject({
      result: 'failed',
      step: 'load',
      code: 14,
      reason: expect.stringContaining(REFUSED),
      hint,
    });
    expect(await probe(vm)).toBe('fail');
    expect((await install(vm, MADE, 'preflight'))[0]).toBe(10);
    await out(vm, enrol('/etc/toa/signing/certificate.der'));
    await vm.rebootAndEnrol(PASSWORD);
    await expectSignedReader(vm, /^TOA module key of /);
    expect((await install(vm, MADE, 'all'))[0]).toBe(0);
  },
  LIMIT_MS,
);
