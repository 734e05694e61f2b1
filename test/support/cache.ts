/** One cache of things that are slow to build (disks above all), shared by all tests and all test processes of a user. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** Where the cache is: TOA_BAKE_CACHE, or toa-bake in the user's cache directory. Deleting it is always safe. */
export function cacheDirectory(): string {
  return process.env.TOA_BAKE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'toa-bake');
}

/** The directory of an entry, built or not. `inputs` is everything that decides its content, as plain data. */
export function cachePath(name: string, inputs: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
  return join(cacheDirectory(), `${name}-${hash.slice(0, 16)}`);
}

/**
 * The directory of an entry, building it first where it is missing. `build` fills an empty directory, which takes its final name
 * only when all went well, so what a killed build leaves never looks done. Other processes that want the same entry wait.
 */
export async function cached(
  name: string,
  inputs: unknown,
  build: (directory: string) => Promise<void>,
): Promise<string> {
  const entry = cachePath(name, inputs);
  if (existsSync(entry)) return entry;
  await mkdir(cacheDirectory(), { recursive: true });
  await withLock(`${entry}.lock`, async () => {
    if (existsSync(entry)) return;
    const part = `${entry}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part);
    await build(part);
    await rename(part, entry);
  });
  return entry;
}

/** Runs `work` under an exclusive lock. A child holds it, so that the kernel drops it with us however we end. */
async function withLock(path: string, work: () => Promise<void>): Promise<void> {
  const holder = execa('flock', [path, 'sh', '-c', 'echo locked; exec cat'], { buffer: false, reject: false });
  const answer = await Promise.race([
    new Promise((resolve) => holder.stdout.once('data', resolve)),
    holder.then((end) => end),
  ]);
  if (!Buffer.isBuffer(answer)) throw new Error(`cannot lock ${path}`, { cause: answer });
  try {
    await work();
  } finally {
    holder.stdin.end();
    await holder;
  }
}
