/** Builds the program in test/support/peer: TCP clients with any option through a TUN device, and servers that check whom they see. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const SOURCES = fileURLToPath(new URL('peer/', import.meta.url));

/** The program, which needs no library where it runs. `compiler` decides for which machine: `aarch64-linux-gnu-gcc`. */
export async function buildPeer(compiler = 'gcc'): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'toa-bake-peer-'));
  try {
    const program = join(directory, 'peer');
    const sources = (await readdir(SOURCES)).filter((name) => name.endsWith('.c'));
    const flags = ['-std=gnu11', '-O2', '-static', '-pthread', '-Wall', '-Wextra', '-Werror'];
    await execa(compiler, [...flags, '-o', program, ...sources], { cwd: SOURCES });
    return await readFile(program);
  } finally {
    await rm(directory, { recursive: true });
  }
}
