/** The program as a user runs it: the built file, in a process of its own. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** Path of a file of the checkout. */
export const inRepo = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** What the program said. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `toa-bake ARGS` in `cwd`. */
export async function toaBake(args: readonly string[], cwd: string = tmpdir()): Promise<Said> {
  const { exitCode, stdout, stderr } = await execa('node', [inRepo('dist/toa-bake.js'), ...args], {
    cwd,
    reject: false,
    env: { NO_COLOR: '1' },
    stripFinalNewline: false,
  });
  return { code: exitCode ?? -1, stdout, stderr };
}

/** A directory that is removed when `work` ends. */
export async function inTemporary<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'toa-bake-test-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The user-data that the program writes for the one target of `spec`. */
export async function userDataOf(spec: string, target: string): Promise<string> {
  return await inTemporary(async (dir) => {
    writeFileSync(join(dir, 'toa.yaml'), spec);
    const { code, stderr } = await toaBake(['render', '-o', 'out'], dir);
    if (code !== 0) throw new Error(`render: exit code ${code}\n${stderr}`);
    return readFileSync(join(dir, `out/${target}/cloud-init/user-data`), 'utf8');
  });
}
