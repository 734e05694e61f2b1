/** Merged user-data on a real machine: the user's packages, files, scripts and commands take effect, and so does ours. */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { packaged } from '../../src/packaged.ts';
import { mergeUserData } from '../../src/render/merge.ts';
import { inRepo, userDataOf } from '../support/cli.ts';
import { BUILD_PACKAGES, type Disk, debianDisk } from '../support/disk.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { message, part } from '../support/merge/text.ts';

const SPEC = 'version: 1\ntrust: [198.51.100.0/24]\nclouds: [alibaba-ecs]\ntargets: [debian-12]\n';

/** Has all keys of ours, and a runcmd that would end ours too if both were one script. */
const CONFIG = `#cloud-config
packages: [tree]
write_files:
- path: /srv/file
  content: theirs
  permissions: '0640'
runcmd:
- [sh, -c, 'systemctl is-active toa-ready.target >/srv/command']
- exit 0
- touch /srv/never
`;
const SCRIPT = '#!/bin/sh\necho "$0" >/srv/script\n';
const HOOK = '#cloud-boothook\n#!/bin/sh\nmkdir -p /srv\necho hook >>/srv/hook\n';
const THEIRS = [
  part('text/cloud-config', CONFIG),
  part('text/x-shellscript', SCRIPT, 'own.sh'),
  part('text/cloud-boothook', HOOK),
];

let disk: Disk;
let ours: string;

beforeAll(async () => {
  disk = await debianDisk({ suite: 'bookworm', packages: BUILD_PACKAGES });
  ours = await userDataOf(SPEC, 'debian-12');
});

async function boot(
  { onTestFinished }: TestContext,
  name: string,
  userData: string,
  network: boolean,
): Promise<Machine> {
  const vm = await bootMachine({ name, disk, dataSource: 'nocloud', userData, network, smp: 1 });
  onTestFinished(() => vm.discard());
  return vm;
}

async function textOf(vm: Machine, path: string): Promise<string> {
  return (await vm.run(`cat ${path}`)).stdout;
}

describe('user-data of two', () => {
  it('control: side by side in one MIME message, unmerged, their commands and files are lost', async (test) => {
    const vm = await boot(test, 'merge-control', message([...THEIRS, part('text/cloud-config', ours)]), false);
    await vm.waitForCloudInit();
    expect(JSON.parse(await textOf(vm, '/var/lib/toa/receipt.json'))).toMatchObject({ result: 'ok' });
    expect((await vm.run('ls /srv')).stdout).toBe('hook\nscript\n');
  });

  it('merged, both take effect, ours first', async (test) => {
    const merged = mergeUserData(Buffer.from(message(THEIRS)), ours, 'theirs', packaged.guest);
    if ('severity' in merged) throw new Error(merged.message);
    const vm = await boot(test, 'merge', merged.mime, true);
    const ended = await vm.waitForCloudInit();
    const log = await vm.run('cat /var/lib/toa/build.log; journalctl -b --no-pager -n 40 -u cloud-final');
    expect(ended, log.stdout).toMatchObject({ code: 0, status: 'done', errors: [] });
    const receipt = JSON.parse(await textOf(vm, '/var/lib/toa/receipt.json'));
    expect(receipt).toMatchObject({ result: 'ok', code: 0, verify: { result: 'pass' } });
    expect(ours).toContain(`payload sha256 ${receipt.payload}`);
    expect((await vm.run('ls /srv')).stdout).toBe('command\nfile\nhook\nscript\n');
    expect(await textOf(vm, '/srv/command')).toBe('active\n');
    expect(await textOf(vm, '/srv/script')).toMatch(/\/scripts\/own\.sh\n$/);
    expect((await vm.run('stat -c %a /srv/file; cat /srv/file; dpkg-query -W tree')).stdout).toMatch(
      /^640\ntheirstree\t/,
    );
    await vm.run('cat >/tmp/toa-probe', { input: readFileSync(inRepo('guest/toa-probe')) });
    const said = await vm.run('python3 /tmp/toa-probe --trust /etc/toa/trusted');
    expect(JSON.parse(said.stdout)).toMatchObject({ result: 'pass' });
  });
});
