/** `--boot` of arm64 images, which UEFI firmware starts on an emulated processor. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { ARM64_SPEC, arm64Disk } from '../support/arm64-disk.ts';
import { runBuilt } from '../support/cli.ts';

/** A Debian installed and a module compiled by emulated programs, where the cache has neither. */
const BUILD_LIMIT_MS = 3_600_000;

let folder: string;
let images: Readonly<Record<'plain' | 'ours', string>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'toa-bake-validate-'));
  writeFileSync(join(folder, 'toa.yaml'), ARM64_SPEC);
  images = { plain: await arm64Disk('plain'), ours: await arm64Disk('ours') };
}, BUILD_LIMIT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Codes of what --boot shows, with their statuses; and how the program ended. */
async function booted(image: string): Promise<readonly [number, Readonly<Record<string, string>>]> {
  const { code, stdout } = await runBuilt(folder, [
    ...['validate', image, '--spec', 'toa.yaml', '--format', 'json'],
    '--boot',
  ]);
  const report: Report = JSON.parse(stdout);
  const findings = report.images.flatMap((one) => one.findings);
  const running = findings.filter(({ code, status }) => code.startsWith('running/') && status !== 'skipped');
  return [code, Object.fromEntries(running.map((finding) => [finding.code, finding.status]))];
}

it('control: a plain Debian comes up, and the probe sees the scrubber', async () => {
  expect(await booted(images.plain)).toEqual([1, { 'running/not-loaded': 'fails', 'running/probe': 'fails' }]);
});

it('an image that is right passes', async () => {
  expect(await booted(images.ours)).toEqual([0, { 'running/not-loaded': 'holds', 'running/probe': 'holds' }]);
});
