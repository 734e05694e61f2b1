/** A golden image on Debian 12, by the commands of docs/golden-image.md: Debian's packer, its qemu source, the rendered template. */

import { beforeAll, describe, expect, it } from 'vitest';
import { type BootDisk, bootDisk, SPEC } from '../support/boot-disk.ts';
import { bake, judge, troubles } from '../support/packer-bake.ts';

let plain: BootDisk;

beforeAll(async () => {
  plain = await bootDisk('bios', 'plain');
});

describe('packer build, qemu source', () => {
  it('control: what it starts from is not what it makes', async () => {
    const report = await judge(plain.path);
    expect(report.outcome).not.toBe('holds');
    expect(troubles(report)).toContain('fails error module/missing-default');
  });

  it('gives an image that passes validate, and whose booted copy passes the probe', async () => {
    // No cloud: the sources that need none.
    const spec = SPEC.replace(/^clouds:.*\n/m, '');
    const { code, text, ...baked } = await bake({ name: 'debian-12', disk: plain.path, spec, target: 'debian-12' });
    expect(code, text).toBe(0);
    const receipt = JSON.parse(baked.report('qemu/receipt.json'));
    expect(receipt).toMatchObject({ result: 'ok', verify: { result: 'pass' } });
    expect(receipt.kernels).toHaveLength(1);
    expect(baked.report('qemu/log')).toMatch(/^== output\n[\s\S]*^== build.log\n[\s\S]*^== dmesg\n[\s\S]*toa/m);
    expect(JSON.parse(baked.report('manifest.json')).builds[0].custom_data).toEqual({
      target: 'debian-12',
      method: 'module',
      module: expect.stringMatching(/^toa \d+\.\d+\.\d+$/),
      kernels: expect.stringMatching(/^\d+\.\d+-\d+\.\d+$/),
      payload: receipt.payload,
    });
    const report = await baked.judge();
    expect(troubles(report)).toEqual([]);
    expect(report.outcome).toBe('holds');
    const probe = report.images[0]?.findings.filter((finding) => finding.code === 'running/probe');
    expect(probe).toMatchObject([{ status: 'holds' }]);
  });
});
