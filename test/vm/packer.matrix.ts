/** Golden images besides the one of packer.test.ts: another Debian, another user, another kernel, and one that must not come to be. */

import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { bootDisk } from '../support/boot-disk.ts';
import { bake, judge, troubles } from '../support/packer-bake.ts';

const spec = (target: string): string => `version: 1\ntrust: [198.18.7.0/24]\ntargets: [${target}]\n`;

const messageOf = (report: Report, code: string): string =>
  report.images.flatMap(({ findings }) => findings.filter((finding) => finding.code === code))[0]?.message ?? '';

const OLD = '6.1.0-47-cloud-amd64';

describe('packer build, qemu source', () => {
  it('on Debian 13, as a user who needs sudo, which cloud-init is still installing', async () => {
    const { path } = await bootDisk('bios', 'plain', { suite: 'trixie' });
    expect(troubles(await judge(path))).toContain('fails error module/missing-default');
    const { code, text, ...baked } = await bake({
      name: 'debian-13',
      disk: path,
      spec: spec('debian-13'),
      target: 'debian-13',
      variables: { ssh_username: 'debian' },
      userData: 'packages: [sudo]',
    });
    expect(code, text).toBe(0);
    const report = await baked.judge();
    expect(troubles(report)).toEqual([]);
    expect(messageOf(report, 'running/not-loaded')).toMatch(/^toa is loaded on 6\.12\./);
    expect(report.outcome).toBe('holds');
  });

  it('with a kernel upgrade: the module is there for the kernel that boots, which then ran', async () => {
    const { path } = await bootDisk('bios', 'plain', { kernel: OLD });
    const { code, text, ...baked } = await bake({
      name: 'upgrade',
      disk: path,
      spec: spec('debian-12'),
      target: 'debian-12',
      variables: { upgrade_kernel: true },
    });
    expect(code, text).toBe(0);
    expect(text).toContain('rebooting into the kernel that boots next');
    const receipt = JSON.parse(baked.report('qemu/receipt.json'));
    expect(receipt).toMatchObject({ result: 'ok', verify: { result: 'pass' } });
    expect(receipt.running).not.toBe(OLD);
    expect(receipt.next).toBe(receipt.running);
    expect(receipt.kernels.map(({ release }: { release: string }) => release)).toEqual([OLD, receipt.running]);
    const report = await baked.judge();
    expect(troubles(report).filter((trouble) => !trouble.includes('warning'))).toEqual([]);
    expect(messageOf(report, 'running/not-loaded')).toBe(`toa is loaded on ${receipt.running}`);
  });

  it('with a reader that the kernel will not take: fails, the reason on the last screen, no image', async () => {
    const { path } = await bootDisk('bios', 'plain');
    const refuse = 'runcmd: ["echo 1 >/proc/sys/kernel/modules_disabled"]';
    const { code, text, ...baked } = await bake({
      name: 'broken',
      disk: path,
      spec: spec('debian-12'),
      target: 'debian-12',
      userData: refuse,
    });
    expect(code).not.toBe(0);
    const screen = text.split('\n').slice(-24).join('\n');
    expect(screen).toMatch(/the image is not built: toa-setup: load: the kernel did not take the reader/);
    expect(JSON.parse(baked.report('qemu/receipt.json'))).toMatchObject({ result: 'failed', step: 'load', code: 14 });
    expect(baked.report('qemu/log')).toMatch(/^== dmesg\n\[ /m);
    expect(existsSync(baked.image)).toBe(false);
  });
});
