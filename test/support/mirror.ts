/** A package mirror of the test's own, which has what apt would fetch for some packages and nothing else. */

import { createReadStream } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { cached } from './cache.ts';
import type { Disk } from './disk.ts';
import { copyImage, inChroot } from './mounted.ts';

/** Part of the key: raise it with every change of this file that changes what is fetched. */
const RECIPE = 1;

/** A directory with `packages` and all that they need beyond what is on the disk, and its index. Needs root. */
export async function fetchFor(disk: Disk, packages: readonly string[]): Promise<string> {
  const inputs = { recipe: RECIPE, disk: disk.path, packages };
  return await cached('mirror', inputs, async (part) => {
    const fetch = `apt-get -q update; apt-get -q -y --no-install-recommends --download-only install ${packages.join(' ')}`;
    const image = join(part, 'root.img');
    await copyImage(disk.path, image);
    await inChroot(image, part, `set -e; ${fetch}; cp /var/cache/apt/archives/*.deb /mnt`);
    await rm(image);
    const names = (await readdir(part)).filter((name) => name.endsWith('.deb'));
    const entries = names.sort().map((name) => indexEntry(join(part, name)));
    await writeFile(join(part, 'Packages'), (await Promise.all(entries)).join('\n'));
  });
}

async function indexEntry(path: string): Promise<string> {
  const [{ stdout: control }, { stdout: sum }] = await Promise.all([
    execa('dpkg-deb', ['-f', path]),
    execa('sha256sum', [path]),
  ]);
  const { size } = await stat(path);
  return `${control}\nFilename: ./${basename(path)}\nSize: ${size}\nSHA256: ${sum.slice(0, 64)}\n`;
}

/** Serves the directory until the test ends. Returns the line for a machine's sources.list: QEMU shows us as its gateway. */
export async function serveMirror(directory: string): Promise<string> {
  const server = createServer(({ url = '/' }, response) => {
    const file = createReadStream(join(directory, basename(decodeURIComponent(url))));
    file.on('error', () => response.writeHead(404).end());
    file.pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return `deb [trusted=yes] http://10.0.2.2:${port}/ ./`;
}
