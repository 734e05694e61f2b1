/** The NoCloud data source: a small disk labelled cidata that cloud-init finds by itself. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** Makes the seed disk in `directory` and returns its path. */
export async function makeNoCloudSeed(directory: string, userData: string | Uint8Array): Promise<string> {
  const files = { userData: join(directory, 'user-data'), metaData: join(directory, 'meta-data') };
  const seed = join(directory, 'seed.img');
  await writeFile(files.userData, userData);
  await writeFile(files.metaData, 'instance-id: i-nocloud\nlocal-hostname: debian\n');
  await execa('cloud-localds', [seed, files.userData, files.metaData]);
  return seed;
}
