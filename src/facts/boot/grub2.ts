import { Unreadable } from '../../image/look.ts';
import type { Reader } from '../../image/types.ts';
import { firstOf, isFile, linesOf, look, namesIn, readText, statOf } from '../see.ts';
import { blsFiles } from './bls.ts';
import { BOOT_ROOTS } from './files.ts';
import { type GrubMenu, type GrubWorld, type MenuItem, runGrubScript } from './grub-run.ts';
import type { BootConfig, Entry } from './types.ts';
import { comparePackages } from './version-order.ts';

const DIRECTORIES: readonly string[] = ['/boot/grub2', '/boot/grub'];
const VENDORS: readonly string[] = ['/boot/efi/EFI', '/efi/EFI'];

/** What the configurations of GRUB 2 lead to: there may be one for BIOS and one for UEFI. */
export async function grub2Configs(reader: Reader, platform: 'pc' | 'efi'): Promise<readonly BootConfig[]> {
  const vendors = await Promise.all(
    VENDORS.map(async (base) => (await namesIn(reader, base)).map((name) => `${base}/${name}`)),
  );
  const found: BootConfig[] = [];
  for (const directory of [...DIRECTORIES, ...vendors.flat()]) {
    const path = `${directory}/grub.cfg`;
    const text = (await isFile(reader, path)) ? await readText(reader, path) : undefined;
    // On an EFI partition most only hand over to the one in /boot.
    if (text !== undefined && isMenu({ path, text })) found.push(await grub2Config(reader, directory, text, platform));
  }
  return found;
}

function isMenu(file: { readonly path: string; readonly text: string }): boolean {
  return linesOf(file, (line) => /^(menuentry|submenu|blscfg|source)\b/.test(line)).length > 0;
}

async function grub2Config(
  reader: Reader,
  directory: string,
  text: string,
  platform: 'pc' | 'efi',
): Promise<BootConfig> {
  const variables = { prefix: directory, config_directory: directory, grub_platform: platform, grub_cpu: 'x86_64' };
  const menu = await look(() => runGrubScript(text, variables, worldOf(reader)));
  const items = menu.state === 'known' ? menu.value.items : [];
  return {
    loader: menu.state === 'known' && menu.value.usesBls ? 'grub2-bls' : 'grub2',
    entries: leaves(items),
    chosen: await look(async () => {
      if (menu.state !== 'known')
        throw new Unreadable(`${directory}/grub.cfg: ${menu.state === 'unknown' ? menu.why : ''}`);
      return choose(menu.value, `${directory}/grub.cfg`);
    }),
  };
}

function leaves(items: readonly MenuItem[]): readonly Entry[] {
  return items.flatMap(({ items: below, title, id, kernel, commandLine }) =>
    below ? leaves(below) : [{ title, id, kernel, commandLine }],
  );
}

/** As GRUB chooses: `default` is a number, a title or an id, and `>` leads into submenus; what fits nothing means the first. */
function choose({ items, variables }: GrubMenu, path: string): { readonly entry: Entry; readonly why: string } {
  const setting = variables.get('default') ?? '';
  let menu = items;
  for (const step of setting.split(/(?<!>)>(?!>)/)) {
    const name = step.replaceAll('>>', '>');
    const item = itemOf(menu, name) ?? menu[0];
    if (item === undefined) throw new Unreadable(`${path}: its menu is empty`);
    if (item.items === null) return { entry: item, why: `${path}: default="${setting}" is "${item.title}"` };
    menu = item.items;
  }
  throw new Unreadable(`${path}: default="${setting}" is a submenu, where GRUB waits for somebody`);
}

function itemOf(menu: readonly MenuItem[], name: string): MenuItem | undefined {
  return /^\d+$/.test(name) ? menu[Number(name)] : menu.find(({ title, id }) => title === name || id === name);
}

/** GRUB sees paths from the roots of partitions. */
function worldOf(reader: Reader): GrubWorld {
  const candidates = (path: string): readonly string[] => {
    const plain = `/${path.replace(/^\([^)]*\)/, '')}`.replace(/\/{2,}/g, '/');
    return BOOT_ROOTS.map((root) => root + plain);
  };
  const fileOf = (path: string): Promise<string | undefined> =>
    firstOf(candidates(path), (candidate) => isFile(reader, candidate));
  return {
    size: async (path) => {
      const file = await fileOf(path);
      return file === undefined ? undefined : (await statOf(reader, file))?.size;
    },
    isDirectory: async (path) => {
      const isOne = async (candidate: string): Promise<boolean> =>
        (await statOf(reader, candidate))?.type === 'directory';
      return (await firstOf(candidates(path), isOne)) !== undefined;
    },
    text: async (path) => {
      const file = await fileOf(path);
      return file && readText(reader, file);
    },
    blsEntries: async (variables) => {
      const files = await blsFiles(reader, '/boot/loader/entries');
      const expand = (text: string): string =>
        text.replace(/\$\{?(\w+)\}?/g, (_, name: string) => variables.get(name) ?? '').trim();
      return [...files]
        .sort((a, b) => comparePackages(b.id, a.id))
        .map(({ id, title, kernel, options }) => ({
          id,
          title: expand(title),
          kernel: kernel && expand(kernel),
          commandLine: expand(options),
        }));
    },
  };
}
