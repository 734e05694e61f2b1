/** What toa-setup's build would leave on a machine, made out here: a compiler in an emulated machine takes a minute. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModule, debianKernel, SERIES } from './kernels.ts';
import { fake } from './setup.ts';

/** The file below /var/lib/toa/built, and its content. */
export interface Prebuilt {
  readonly path: string;
  readonly content: Buffer;
}

/** Builds the module that an install script carries for Debian 12's kernel `release`. */
export async function prebuild(script: string, release: string): Promise<Prebuilt> {
  const series = SERIES.find(({ suite, kernel }) => suite === 'bookworm' && kernel === 'cloud-amd64');
  if (series === undefined) throw new Error('no bookworm among the kernels');
  const kernel = await debianKernel(series);
  if (kernel.release !== release) throw new Error(`the machine has ${release}, the build root ${kernel.release}`);
  const machine = fake('dash');
  await machine.install(script, ['install']);
  const source = join(machine.root, 'usr/local/lib/toa/module');
  const hash = createHash('sha256');
  for (const name of readdirSync(source).sort()) hash.update(readFileSync(join(source, name)));
  const scratch = mkdtempSync(join(tmpdir(), 'toa-bake-prebuilt-'));
  try {
    const { path } = await buildModule(kernel, source, scratch);
    execFileSync('strip', ['-g', path]);
    return { path: `${release}/${hash.digest('hex')}.ko`, content: readFileSync(path) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
