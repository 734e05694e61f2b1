import { Unreadable } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import { imageRelease } from './image-release.ts';
import { kernelConfig } from './kernel-config.ts';
import { builtinReaders, moduleIndex } from './module-index.ts';
import { type Budget, findReaders, moduleFile } from './readers.ts';
import { firstOf, isFile, look, namesIn, readText, seen, statOf } from './see.ts';
import { comparer } from './symvers.ts';
import type { KernelFacts } from './types.ts';

const MODULES = '/lib/modules';
const IMAGE_NAME = /^(?:vmlinuz|vmlinux|Image|kernel)-(?!0-rescue-)(.+?)(?:\.old|\.gz)?$/;
const MOST_KERNELS = 64;
const MODULES_LIMIT = 256 * 1024 * 1024;

/** Every kernel that has modules or an image. */
export function kernels(reader: Reader): Promise<Look<readonly KernelFacts[]>> {
  return look(async () => {
    const named = (await namesIn(reader, '/boot')).flatMap((name) => IMAGE_NAME.exec(name)?.[1] ?? []);
    const releases = [...new Set([...(await moduleDirectories(reader)), ...named])].sort();
    if (releases.length > MOST_KERNELS) throw new Unreadable(`there are more than ${MOST_KERNELS} kernels`);
    const found: KernelFacts[] = [];
    const budget = { left: MODULES_LIMIT };
    // One after another: each may unpack large modules.
    for (const release of releases) found.push(await kernelFacts(reader, release, budget));
    return found;
  });
}

async function moduleDirectories(reader: Reader): Promise<readonly string[]> {
  const names = await namesIn(reader, MODULES);
  const stats = await Promise.all(names.map((name) => statOf(reader, `${MODULES}/${name}`)));
  return names.filter((_, index) => stats[index]?.type === 'directory');
}

async function kernelFacts(reader: Reader, release: string, budget: Budget): Promise<KernelFacts> {
  const directory = `${MODULES}/${release}`;
  const headers = await look(() => headersOf(reader, directory));
  const index = await moduleIndex(reader, directory);
  const indexed = [index.text, index.binary].flatMap((found) => (found.state === 'known' ? found.value : []));
  const tree = headers.state === 'known' ? headers.value : undefined;
  return {
    release,
    image: await look(() => imageOf(reader, release)),
    modules: seen(await reader.stat(`${directory}/kernel`))?.type === 'directory',
    readers: await look(async () => {
      const compare = comparer(reader, release, tree);
      const files = [];
      for (const path of await findReaders(reader, directory, [...new Set(indexed)])) {
        files.push(await moduleFile(reader, directory, path, compare, budget));
      }
      return files;
    }),
    index,
    builtin: await builtinReaders(reader, directory),
    headers,
    config: await kernelConfig(reader, release, tree),
  };
}

type Image = Extract<KernelFacts['image'], { state: 'known' }>['value'];

async function imageOf(reader: Reader, release: string): Promise<Image | undefined> {
  const names = ['vmlinuz', 'Image', 'vmlinux', 'kernel'].map((name) => `/boot/${name}-${release}`);
  const path = await firstOf([...names, `${MODULES}/${release}/vmlinuz`], (candidate) => isFile(reader, candidate));
  const stat = path === undefined ? undefined : await statOf(reader, path);
  if (path === undefined || stat === undefined) return undefined;
  return { path, size: stat.size, release: await imageRelease(reader, path) };
}

/** A tree that modules can be built in: Debian's Makefile is one line that includes another package's. */
async function headersOf(reader: Reader, directory: string): Promise<string | undefined> {
  const tree = `${directory}/build`;
  const makefile = (await isFile(reader, `${tree}/Makefile`)) ? await readText(reader, `${tree}/Makefile`) : undefined;
  if (makefile === undefined) return undefined;
  const included = /^include (\/\S+)$/m.exec(makefile)?.[1];
  if (included !== undefined && !(await isFile(reader, included))) return undefined;
  const configured = [`${tree}/.config`, `${tree}/include/config/auto.conf`];
  return (await firstOf(configured, (path) => isFile(reader, path))) === undefined ? undefined : tree;
}
