import { Unreadable } from '../../image/look.ts';
import type { Reader } from '../../image/types.ts';
import { firstOf, isFile, look, readText } from '../see.ts';
import type { BootConfig, Entry } from './types.ts';

const FILES: readonly string[] = ['/boot/grub/grub.conf', '/boot/grub/menu.lst'];

/** Where GRUB 1 keeps the number that `default saved` stands for. */
const SAVED = '/boot/grub/default';

/** GRUB before 2: lines `default N` or `default=N`, then for each entry a title and a line `kernel PATH ARGUMENT…`. */
export async function grubLegacyConfig(reader: Reader): Promise<BootConfig | undefined> {
  const path = await firstOf(FILES, (file) => isFile(reader, file));
  const text = path && (await readText(reader, path));
  if (!path || text === undefined) return undefined;
  const [head = '', ...blocks] = text.split(/^[ \t]*title[ \t]*[= \t]/m);
  const entries = blocks.map(entryOf);
  const setting = /^[ \t]*default[ \t]*[= \t][ \t]*(\S+)/m.exec(head)?.[1] ?? '0';
  return {
    loader: 'grub-legacy',
    entries,
    chosen: await look(async () => {
      const saved = setting === 'saved' ? ((await readText(reader, SAVED)) ?? '0') : setting;
      const entry = entries[Number.parseInt(saved, 10)];
      if (entry === undefined) throw new Unreadable(`${path}: default ${setting} is none of its entries`);
      return { entry, why: `${path}: default ${setting} is "${entry.title}"` };
    }),
  };
}

function entryOf(block: string): Entry {
  const title = (block.split('\n')[0] ?? '').trim();
  const [, kernel, commandLine = ''] = /^[ \t]*kernel[ \t]+(?:--\S+[ \t]+)*(\S+)[ \t]*(.*)$/m.exec(block) ?? [];
  return { title, id: title, kernel: kernel ?? null, commandLine: commandLine.trim() };
}
