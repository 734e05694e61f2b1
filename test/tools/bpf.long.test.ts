/** The object of the eBPF programs is what their source gives, byte for byte, and the build sees when it is not. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, it } from 'vitest';
import { inRepo } from '../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'toa-bake-bpf-source-'));
cpSync(inRepo('guest/bpf'), folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

const check = () => execa('node', [inRepo('scripts/bpf.mjs'), '--check', folder], { reject: false });

it('is reproducible, wherever it is built', async () => {
  expect(await check()).toMatchObject({ exitCode: 0, stderr: '' });
});

it('is another where the source is', async () => {
  const source = join(folder, 'toa.c');
  writeFileSync(source, readFileSync(source, 'utf8').replace('1 << 20', '1 << 19'));
  expect(await check()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is not what clang-14 makes') });
});
