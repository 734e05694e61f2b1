import { Unreadable } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import { commandLineOf } from './boot/index.ts';
import { firstOf, isFile, linesOf, look, namesIn, pathsIn, type TextFile, textsOf } from './see.ts';
import type { BootFacts, CloudInitFacts } from './types.ts';

const PROGRAMS: readonly string[] = ['/usr/bin/cloud-init', '/usr/local/bin/cloud-init'];
const DISABLED = '/etc/cloud/cloud-init.disabled';

/** cloud-init's settings and state; absent where it is not installed. */
export function cloudInitFacts(reader: Reader, boot: Look<BootFacts>): Promise<Look<CloudInitFacts>> {
  return look(async () => {
    if ((await firstOf(PROGRAMS, (path) => isFile(reader, path))) === undefined) return undefined;
    const words = (commandLineOf(boot) ?? '').split(/\s+/);
    return {
      version: await look(() => versionOf(reader)),
      disabled: [
        ...((await isFile(reader, DISABLED)) ? [{ path: DISABLED, line: 0, text: 'the file is there' }] : []),
        ...words
          .filter((word) => word === 'cloud-init=disabled')
          .map((text) => ({ path: 'command line of the next boot', line: 0, text })),
      ],
      instances: await namesIn(reader, '/var/lib/cloud/instances'),
      datasources: await look(() => datasourcesOf(reader)),
    };
  });
}

/** Of its own Python module, in which a distribution may have written its package's. */
async function versionOf(reader: Reader): Promise<string | undefined> {
  const libraries = (
    await Promise.all(['/usr/lib', '/usr/local/lib'].map((base) => pathsIn(reader, base, /^python[23]/)))
  ).flat();
  const paths = libraries.flatMap((base) =>
    ['dist-packages', 'site-packages'].map((name) => `${base}/${name}/cloudinit/version.py`),
  );
  const [file] = await textsOf(reader, paths);
  return /^__VERSION__ = ["']([^"']+)/m.exec(file?.text ?? '')?.[1];
}

/** The last `datasource_list:` counts: in one line, or as items below it. */
async function datasourcesOf(reader: Reader): Promise<readonly string[] | undefined> {
  const paths = ['/etc/cloud/cloud.cfg', ...(await pathsIn(reader, '/etc/cloud/cloud.cfg.d', /\.cfg$/))];
  const files = await textsOf(reader, paths);
  return files.map(listIn).findLast((list) => list !== undefined);
}

function listIn(file: TextFile): readonly string[] | undefined {
  if (linesOf(file, (line) => line.startsWith('datasource_list:')).length === 0) return undefined;
  const [, inline, block] =
    /^datasource_list:[ \t]*(?:\[([^\]]*)\]|#?.*((?:\n[ \t]*-[ \t]*.*)+))/m.exec(file.text) ?? [];
  const items = inline?.split(',') ?? block?.split('\n').map((line) => line.replace(/^[ \t]*-/, ''));
  if (items === undefined) throw new Unreadable(`${file.path}: its datasource_list is not understood`);
  return items.map((item) => item.replace(/#.*$/, '').replace(/["']/g, '').trim()).filter((item) => item !== '');
}
