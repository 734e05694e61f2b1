import type { Look, Reader } from '../image/types.ts';
import { firstOf, isExecutable, isFile, linkOf, look, namesIn, readText, seen } from './see.ts';
import type { DkmsModule } from './types.ts';

const TREE = '/var/lib/dkms';
const PROGRAMS: readonly string[] = ['/usr/sbin/dkms', '/sbin/dkms', '/usr/bin/dkms'];
const HOOKS: readonly string[] = [
  '/etc/kernel/postinst.d/dkms',
  '/usr/lib/kernel/install.d/40-dkms.install',
  '/etc/kernel/install.d/40-dkms.install',
];

/** What DKMS knows of. */
export function dkmsModules(reader: Reader): Promise<Look<readonly DkmsModule[]>> {
  return look(async () => {
    if ((await reader.stat(TREE)).state === 'absent') return undefined;
    const isProgram = (path: string): Promise<boolean> => isExecutable(reader, path);
    const automatic = [await firstOf(PROGRAMS, isProgram), await firstOf(HOOKS, isProgram)].every(Boolean);
    const modules: DkmsModule[] = [];
    for (const name of await namesIn(reader, TREE)) {
      for (const version of await namesIn(reader, `${TREE}/${name}`)) {
        const module = await moduleOf(reader, name, version);
        if (module) modules.push({ ...module, automatic: automatic && module.automatic });
      }
    }
    return modules;
  });
}

/** A directory of a version; links named kernel-RELEASE-ARCH beside it say where one is installed. */
async function moduleOf(reader: Reader, name: string, version: string): Promise<DkmsModule | undefined> {
  const directory = `${TREE}/${name}/${version}`;
  if (seen(await reader.lstat(directory))?.type !== 'directory') return undefined;
  const text = await configuration(reader, directory, name, version);
  const kernels = (await namesIn(reader, directory)).filter((entry) => /^\d/.test(entry));
  return {
    name,
    version,
    builds: [...(text ?? '').matchAll(/^\s*BUILT_MODULE_NAME(?:\[\d+\])?=["']?([^"'\s]+)/gm)].map(([, built = '']) =>
      built === '$PACKAGE_NAME' ? name : built,
    ),
    source: text !== undefined,
    builtFor: kernels,
    installedFor: await installedFor(reader, name, version),
    automatic: /^\s*AUTOINSTALL=["']?y/im.test(text ?? ''),
  };
}

async function configuration(
  reader: Reader,
  directory: string,
  name: string,
  version: string,
): Promise<string | undefined> {
  const paths = [`${directory}/source/dkms.conf`, `/usr/src/${name}-${version}/dkms.conf`];
  const path = await firstOf(paths, (candidate) => isFile(reader, candidate));
  return path && (await readText(reader, path));
}

async function installedFor(reader: Reader, name: string, version: string): Promise<readonly string[]> {
  const releases: string[] = [];
  for (const entry of await namesIn(reader, `${TREE}/${name}`)) {
    if (!entry.startsWith('kernel-')) continue;
    const [of, release] = ((await linkOf(reader, `${TREE}/${name}/${entry}`)) ?? '').split('/').slice(-3);
    if (of === version && release !== undefined) releases.push(release);
  }
  return releases;
}
