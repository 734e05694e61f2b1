/** `--boot` where UEFI firmware starts the machine. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { bootDisk, SPEC } from '../support/boot-disk.ts';
import { runBuilt } from '../support/cli.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'toa-bake-validate-'));
  writeFileSync(join(folder, 'toa.yaml'), SPEC);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function booted(image: string): Promise<{ readonly code: number; readonly running: readonly string[] }> {
  const { code, stdout } = await runBuilt(folder, [
    ...['validate', image, '--spec', 'toa.yaml', '--format', 'json'],
    '--boot',
  ]);
  const report: Report = JSON.parse(stdout);
  const findings = report.images.flatMap((one) =>
    one.findings.filter(({ code, status }) => code.startsWith('running/') && status !== 'skipped'),
  );
  return { code, running: findings.map(({ status }) => status) };
}

it('control: a plain Debian comes up, and the probe sees the scrubber', async () => {
  const { path } = await bootDisk('uefi', 'plain');
  expect(await booted(path)).toEqual({ code: 1, running: ['fails', 'fails'] });
});

it('an image that is right passes', async () => {
  const { path } = await bootDisk('uefi', 'ours');
  expect(await booted(path)).toEqual({ code: 0, running: ['holds', 'holds'] });
});
