/** A package mirror of the test's own, which has what apt would fetch for some packages and nothing else. */

import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { cached } from './cache.ts';
import type { Disk } from './disk.ts';
import { copyImage, inChroot } from './mounted.ts';

/** Part of the key: raise it with every change of this file that changes what is fetched. */
const RECIPE = 1;

/** What a mirror has. */
export interface Served {
  readonly packages: readonly string[];
  /** `backports`: they come from there. */
  readonly pocket?: string;
}

/** A directory with `packages` of the suite's mirror and all that they need beyond what is on the disk, and its index. */
export async function fetchFor(disk: Disk, { packages, pocket }: Served): Promise<string> {
  const inputs = { recipe: RECIPE, disk: disk.path, packages, pocket };
  return await cached('mirror', inputs, async (part) => {
    const image = join(part, 'root.img');
    await copyImage(disk.path, image);
    await inChroot(image, part, fetchScript(packages, pocket));
    await rm(image);
    const names = (await readdir(part)).filter((name) => name.endsWith('.deb'));
    const entries = names.sort().map((name) => indexEntry(join(part, name)));
    await writeFile(join(part, 'Packages'), (await Promise.all(entries)).join('\n'));
  });
}

function fetchScript(packages: readonly string[], pocket: string | undefined): string {
  const more = `suite=$(. /etc/os-release; echo $VERSION_CODENAME)-${pocket}
sed -n "s/ \${suite%-*} main/ $suite main/p" /etc/apt/sources.list >/etc/apt/sources.list.d/more.list`;
  const from = pocket === undefined ? '' : '-t "$suite"';
  return `set -e
${pocket === undefined ? '' : more}
apt-get -q update
apt-get -q -y --no-install-recommends --download-only ${from} install ${packages.join(' ')}
cp /var/cache/apt/archives/*.deb /mnt`;
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

/** An image for `startFrom`: the disk, with `source` as all that apt knows. It is gone when the test has ended. */
export async function onlySource(disk: Disk, source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'toa-bake-source-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [image, startFrom] = [join(folder, 'root.img'), join(folder, 'root.qcow2')];
  await copyImage(disk.path, image);
  const script = `set -e
rm -rf /var/lib/apt/lists/*
echo '${source}' >/etc/apt/sources.list
echo 'apt: {preserve_sources_list: true}' >/etc/cloud/cloud.cfg.d/60_sources.cfg`;
  await inChroot(image, folder, script);
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image, '-F', 'raw', startFrom]);
  return startFrom;
}
