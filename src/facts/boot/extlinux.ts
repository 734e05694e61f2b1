import { Unreadable } from '../../image/look.ts';
import type { Reader } from '../../image/types.ts';
import { firstOf, isFile, look, readText } from '../see.ts';
import type { BootConfig, Entry } from './types.ts';

const DIRECTORIES: readonly string[] = ['/boot/extlinux', '/boot/syslinux', '/extlinux', '/syslinux', '/boot', ''];
const NAMES: readonly string[] = ['extlinux.conf', 'syslinux.cfg'];

const MOST_INCLUDES = 16;

/** Extlinux, its relatives, and U-Boot, which reads the same file. */
export async function extlinuxConfig(reader: Reader): Promise<BootConfig | undefined> {
  const paths = DIRECTORIES.flatMap((directory) => NAMES.map((name) => `${directory}/${name}`));
  const path = await firstOf(paths, (file) => isFile(reader, file));
  if (path === undefined) return undefined;
  const lines = await look(() => linesOf(reader, path, { left: MOST_INCLUDES }));
  const menu = lines.state === 'known' ? menuOf(lines.value, path) : undefined;
  return {
    loader: 'extlinux',
    entries: menu?.entries ?? [],
    chosen: await look(async () => {
      if (menu === undefined) throw new Unreadable(`${path}: ${lines.state === 'unknown' ? lines.why : 'it is gone'}`);
      const entry = chosenOf(menu);
      if (entry === undefined) throw new Unreadable(`${path} names no label to start`);
      return { entry, why: `${path}: label ${entry.id}` };
    }),
  };
}

type Line = readonly [word: string, rest: string];

/** Words are not told apart by case. Includes are relative to the file's directory. */
async function linesOf(reader: Reader, path: string, budget: { left: number }): Promise<readonly Line[]> {
  budget.left -= 1;
  if (budget.left < 0) throw new Unreadable(`it includes more than ${MOST_INCLUDES} files`);
  const text = (await readText(reader, path)) ?? '';
  const found: Line[] = [];
  for (const [, first = '', rest = ''] of text.matchAll(/^[ \t]*([A-Za-z]\w*)[ \t]*(.*?)[ \t\r]*$/gm)) {
    const word = first.toLowerCase();
    if (word === 'include') found.push(...(await linesOf(reader, besides(path, rest.split(/\s+/)[0] ?? ''), budget)));
    else found.push([word, rest]);
  }
  return found;
}

interface Menu {
  readonly defaultLabel: string;
  readonly menuDefault: string;
  readonly entries: readonly Entry[];
}

function menuOf(lines: readonly Line[], path: string): Menu {
  const entries: { title: string; id: string; kernel: string | null; commandLine: string }[] = [];
  let defaultLabel = '';
  let menuDefault = '';
  for (const [word, rest] of lines) {
    const entry = entries.at(-1);
    if (word === 'label') entries.push({ title: rest, id: rest, kernel: null, commandLine: '' });
    else if (word === 'ontimeout' || (word === 'default' && defaultLabel === '')) defaultLabel = rest;
    else if (entry === undefined) continue;
    else if (word === 'linux' || word === 'kernel') entry.kernel = besides(path, rest.split(/\s+/)[0] ?? '');
    else if (word === 'append') entry.commandLine = rest;
    else if (word === 'menu' && /^default\b/i.test(rest)) menuDefault = entry.id;
    else if (word === 'menu' && /^label\b/i.test(rest)) entry.title = rest.slice('label'.length).trim();
  }
  return { defaultLabel, menuDefault, entries };
}

/** The label that `default` names; where it names the menu's program instead, the menu's own default, or its first entry. */
function chosenOf({ defaultLabel, menuDefault, entries }: Menu): Entry | undefined {
  const named = (id: string): Entry | undefined => entries.find((entry) => entry.id === id);
  if (defaultLabel === '' || /\.c32\b/.test(defaultLabel)) return named(menuDefault) ?? entries[0];
  return named(defaultLabel);
}

function besides(path: string, named: string): string {
  return named.startsWith('/') ? named : `${path.slice(0, path.lastIndexOf('/'))}/${named}`;
}
